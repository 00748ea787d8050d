"""Which object belongs to which leading one, learned from spans that name both.

A payment seen with one order belongs to it; one seen with two belongs to neither. Where more than a tenth of the
objects of a type were seen with several (customers and their orders), the type is not used for joining at all.
"""

from collections.abc import Iterable
from typing import Final

from collector.store.manifest import JoinKey

MAX_JOINS: Final = 1_000_000
AMBIGUOUS_SHARE: Final = 0.1


class Joins:
    """(type, id, leading type) -> the leading object's id; None where there were several."""

    def __init__(self, known: Iterable[tuple[JoinKey, str | None]] = (), max_joins: int = MAX_JOINS) -> None:
        self._max_joins = max_joins
        self._known: dict[JoinKey, str | None] = {}
        self._pairs: dict[tuple[str, str], list[int]] = {}
        self.changed: dict[JoinKey, str | None] = {}
        self.forgotten: set[JoinKey] = set()
        for key, target in known:
            self._set(key, target)

    def learn(self, key: JoinKey, target: str) -> bool:
        """Take in that the object was seen with `target`; gives whether that was new and makes it belong there."""
        missing = key not in self._known
        if not missing:
            known = self._known[key]
            if known is None or known == target:
                return False
        self._set(key, target if missing else None)
        self.changed[key] = self._known[key]
        self.forgotten.discard(key)
        return missing

    def find(self, object_type: str, object_id: str, leading: str) -> str | None:
        """The leading object, if there is exactly one and objects of this type tell."""
        known = self._known.get((object_type, object_id, leading))
        if known is None:
            return None
        joined, ambiguous = self._pairs[object_type, leading]
        return known if ambiguous <= AMBIGUOUS_SHARE * joined else None

    def trim(self) -> int:
        """Forget the oldest joins beyond the bound; gives how many."""
        count = max(0, len(self._known) - self._max_joins)
        for key in [key for key, _ in zip(self._known, range(count), strict=False)]:
            target = self._known.pop(key)
            pair = self._pairs[key[0], key[2]]
            pair[0] -= 1
            pair[1] -= target is None
            self.changed.pop(key, None)
            self.forgotten.add(key)
        return count

    def _set(self, key: JoinKey, target: str | None) -> None:
        pair = self._pairs.setdefault((key[0], key[2]), [0, 0])
        pair[0] += key not in self._known
        pair[1] += target is None
        self._known[key] = target
