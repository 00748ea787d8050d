"""Which spans were there before: two generations of ids, so that at least the last `at_least` spans are known."""

from typing import Final

from collector.converter.span import SpanKey

AT_LEAST: Final = 2_000_000
"""About 100 bytes of memory each, twice as many at most."""


class Seen:
    """Remembers (trace id, span id)."""

    def __init__(self, at_least: int = AT_LEAST) -> None:
        self._at_least = at_least
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()

    def is_new(self, key: SpanKey) -> bool:
        """Whether it was not there before; from now on it was."""
        # Trace ids of one system differ in their last bytes, whatever its generator puts in front.
        both = key[0][8:] + key[1]
        if both in self._young or both in self._old:
            return False
        if len(self._young) >= self._at_least:
            self._old, self._young = self._young, set()
        self._young.add(both)
        return True
