"""What sets a choice of cases apart from the rest of the process, or from another choice."""

from functools import cache
from urllib.parse import parse_qs

import numpy as np
from pydantic import TypeAdapter, ValidationError

from api.knowing import Knowing
from api.routes.asked import FilterQuery
from collector.vocabulary.errors import PermanentError
from mining.contrast.cases import Contrast, contrast, named, told_apart_by
from mining.filters import Filters
from mining.live.knowledge import Snapshot

MOST = 50
_FILTERS = TypeAdapter(FilterQuery)


def contrasted(knows: Knowing, snapshot: Snapshot, chosen: Filters, against: Filters) -> Contrast:
    """What sets the cases of `chosen` apart from the others of `against`; without a filter that is all others."""

    def make() -> Contrast:
        every = np.ones(snapshot.arena.cases, np.bool_)
        columns = knows.derived(snapshot, ("told apart by",), lambda: told_apart_by(snapshot.arena))
        flags = [knows.flags(snapshot, filters) for filters in (chosen, against)]
        mine, others = (every if each is None else each for each in flags)
        return contrast(columns, mine, others, named(chosen) | named(against), MOST)

    return knows.derived(snapshot, ("contrast", chosen, against), make)


def filters_in(name: str, text: str) -> FilterQuery:
    """The filters of a text as it stands behind the question mark of an address.

    PermanentError names the parameter, `name`, and the filter that makes no sense.
    """
    found = parse_qs(text.removeprefix("?"), keep_blank_values=True)
    known = _known()
    for each, values in found.items():
        if each not in known:
            raise PermanentError(f"{name}: there is no filter {each!r}")
        if len(values) > 1 and not known[each]:
            raise PermanentError(f"{name}: {each} is given more than once")
    if text and not found:
        raise PermanentError(f"{name}: {text!r} is no filter (write channel=live&min_hours=5)")
    try:
        return _FILTERS.validate_python({k: v if known[k] else v[0] for k, v in found.items()})
    except ValidationError as error:
        wrong = error.errors()[0]
        raise PermanentError(f"{name}: {'.'.join(str(part) for part in wrong['loc'])}: {wrong['msg']}") from error


@cache
def _known() -> dict[str, bool]:
    """The filters by name, and whether each may be given more than once."""
    schema = _FILTERS.json_schema()
    return {
        name: any(kind.get("type") == "array" for kind in about.get("anyOf", ()))
        for name, about in schema["properties"].items()
    }
