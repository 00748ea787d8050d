"""What is looked for, and what stands in its place afterwards."""

import json
import re
import secrets
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

from collector.settings import MappingSettings

SHORT: Final = 5
"""A shorter id is a number like others: it is taken out only where the mapping says that an id stands."""
COLUMNS: Final = frozenset({"actor", "device", "case_id", "object"})


def new_token() -> str:
    """What stands for an erased id: the same all over one erasure, and nothing leads back from it."""
    return f"erased-{secrets.token_hex(8)}"


def keys_of(mapping: MappingSettings, object_type: str | None) -> frozenset[str]:
    """Attributes whose value is the id of an object of the type; of any object or actor where no type is given."""
    objects = {each.attribute for each in mapping.objects if object_type in (None, each.type)}
    actors = {each.attribute for each in mapping.actors if object_type in (None, each.kind)}
    return frozenset(objects | actors)


class Scrubber:
    """Finds `value` as a word of its own, also escaped as in JSON and URLs, and puts `token` there.

    A word ends where no letter or digit (of ASCII) follows: `4711` is in `/orders/4711/pay`, not in `14711`.
    `kind` is the object's type where it is known; `keys` are attributes that hold its ids.
    """

    def __init__(self, value: str, token: str, kind: str | None = None, keys: Iterable[str] = ()) -> None:
        self.value, self.token, self.kind = value, token, kind
        self.keys = frozenset(keys) | COLUMNS
        self.short = len(value) < SHORT
        spellings = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], quote(value)}
        spellings |= {quote(value, safe=""), quote(value, safe="").lower()}
        self.spellings = sorted(spellings, key=len, reverse=True)
        joined = "|".join(map(re.escape, self.spellings))
        self._pattern = re.compile(f"(?<![0-9A-Za-z])(?:{joined})(?![0-9A-Za-z])")
        raw = b"|".join(re.escape(each.encode("utf-8", "surrogatepass")) for each in self.spellings)
        self._raw = re.compile(b"(?<![0-9A-Za-z])(?:" + raw + b")(?![0-9A-Za-z])")
        self._needles = [each.encode("utf-8", "surrogatepass") for each in self.spellings]
        number = int(value) if value.isascii() and value.isdecimal() and str(int(value)) == value else None
        self.number = number if number is not None and number < 1 << 63 else None
        if self.number is not None:
            # How protobuf writes it as an attribute's integer.
            self._needles.append(b"\x18" + _varint(self.number))

    def may_hold(self, plain: bytes) -> bool:
        """Whether bytes may hold it: worth looking closer."""
        return any(each in plain for each in self._needles)

    def in_clear(self, plain: bytes) -> bool:
        """Whether it stands in bytes as a word of its own."""
        return self._raw.search(plain) is not None

    def text(self, text: str, key: str | None = None) -> str:
        """`text` without it; `key` is the attribute whose value it is."""
        if self.short and key not in self.keys:
            return text
        return self._pattern.sub(self.token, text)

    def is_it(self, value: object, key: str | None) -> bool:
        """Whether the value of an attribute that holds ids is just this one."""
        return key in self.keys and (value == self.value or (self.number is not None and value == self.number))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
