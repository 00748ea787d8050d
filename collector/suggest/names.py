"""Names: templates where they hold ids, readable activities, types of objects."""

import re
from typing import Final

_ID: Final = re.compile(
    r"(?=.*\d)[0-9a-fA-F]{8,}|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|\d+|(?=(?:.*\d){3})[A-Za-z0-9_-]{4,}|.*\d{4,}.*"
)
"""A piece of a name that is an id rather than a word."""
_PLACE: Final = re.compile(r"^(\{.*\}|:.+|<.*>|\*|\[.*\])$")
_METHODS: Final = {"POST": "Create", "PUT": "Update", "PATCH": "Update", "DELETE": "Delete", "GET": "View"}
_PLUMBING: Final = {"api", "rest", "v1", "v2", "v3", "http", "https", "grpc", "rpc", "service", "internal", "public"}
_VERBLESS: Final = {"process", "receive", "consume", "handle", "deliver", "settle"}
_SUFFIX: Final = re.compile(r"[._-]?(id|ids|no|num|number|nr|key|code|uuid|guid|ref|reference|sn)$", re.IGNORECASE)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SPLIT: Final = re.compile(r"([/\s?&=]+)")


def template(name: str) -> str:
    """The name with `*` for every piece that is an id: `GET /orders/17` is `GET /orders/*`."""
    if not any(character.isdigit() for character in name):
        return name
    return "".join("*" if index % 2 == 0 and _ID.fullmatch(each) else each for index, each in enumerate(split(name)))


def split(name: str) -> list[str]:
    """Its pieces, and at odd places what stands between them."""
    return _SPLIT.split(name)


def readable(name: str) -> str:
    """What people might call the step that a span or route of this name is: `POST /orders/{id}/cancel` is
    `Order cancel`, `process orders.paid` is `Orders paid`, `shop.Orders/PlaceOrder` is `Place order`."""
    words = name.split()
    method = words[0].upper() if words and words[0].upper() in _METHODS else None
    rest = " ".join(words[1:]) if method else name
    if rest.startswith("/") or (method and "/" in rest):
        return _sentence(_path(method, rest))
    if re.fullmatch(r"[\w.]+/\w+", rest):
        rest = rest.rsplit("/", 1)[1]
    if len(words) > 1 and words[0].lower() in _VERBLESS:
        rest = " ".join(words[1:])
    elif len(words) > 1 and words[-1].lower() in _VERBLESS:
        rest = " ".join(words[:-1])
    return _sentence(_pieces(rest)) or name


def type_name(attribute: str) -> str:
    """The type of object an attribute's name speaks of: `order.id`, `orderNo` and `app.order_number` are `order`."""
    last = attribute.rsplit(".", 1)
    base = last[1] if len(last) == 2 and not _SUFFIX.fullmatch(last[1]) else last[0].rsplit(".", 1)[-1]
    base = _CAMEL.sub("_", base).lower()
    stripped = _SUFFIX.sub("", base) or base
    return re.sub(r"[^\w-]+", "_", stripped).strip("_-") or "object"


def _path(method: str | None, path: str) -> list[str]:
    parts = [each for each in path.split("?")[0].split("/") if each]
    places = [bool(_PLACE.match(each)) for each in parts]
    parts_kept = [(p, n) for p, n in zip(parts, range(len(parts)), strict=True) if not places[n]]
    parts_kept = [each for each in parts_kept if each[0].lower() not in _PLUMBING] or parts_kept
    if not parts_kept:
        return [method or path]
    last, at = parts_kept[-1]
    after_place = at > 0 and places[at - 1]
    if after_place and len(parts_kept) > 1:
        noun = [_singular(each) for each in _pieces(parts_kept[-2][0])]
        verb = [_METHODS[method]] if method in ("PUT", "PATCH", "DELETE") else []
        return [*verb, *noun, *_pieces(last)]
    before = [word for each, _ in parts_kept[:-1] for word in _pieces(each)][-2:]
    verb = [_METHODS[method]] if method else []
    return [*verb, *[_singular(each) for each in before], *[_singular(each) for each in _pieces(last)]]


def _pieces(text: str) -> list[str]:
    text = text if text.isupper() else _CAMEL.sub(" ", text)
    return [each for each in re.split(r"[\s._:/\-*{}<>]+", text) if each]


def _sentence(words: list[str]) -> str:
    joined = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    return joined[:1].upper() + joined[1:]


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-2] if word.endswith(("sses", "xes", "ches", "shes")) else word[:-1]
    return word
