"""Filters keep the cases that a slow, obvious reading of them keeps, alone and together."""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.vocabulary.errors import PermanentError
from mining.filters import Attribute, Filters, Succession, choose, select, variant_id
from mining.kernels.paths import paths
from tests.helpers import arena, event
from tests.property.mining.choices import Choice, choices, unhurried

CASES = ("x", "y", "z", "q")
times = st.integers(0, 20)
words = st.sampled_from(("a", "b", "c", "审核"))
bound = st.none() | times


@dataclass(frozen=True)
class Event:
    case: str
    activity: str
    start: int
    length: int
    channel: str | None
    amount: int | None
    colour: str | None

    @property
    def end(self) -> int:
        return self.start + self.length


logs = st.lists(
    st.builds(
        Event,
        case=st.sampled_from(CASES),
        activity=words,
        start=times,
        length=st.integers(0, 6),
        channel=st.sampled_from(["web", "shop", None]),
        amount=st.none() | times,
        colour=st.sampled_from(["red", "blue", None]),
    ),
    max_size=20,
)
attributes = st.builds(
    Attribute,
    name=st.sampled_from(["channel", "colour", "activity", "platform"]),
    values=st.lists(st.sampled_from(["web", "shop", "red", "blue", "a", "nothing"]), min_size=1, max_size=3).map(tuple),
    negated=st.booleans(),
)
successions = st.builds(
    Succession,
    source=words,
    target=words | st.just("nothing"),
    direct=st.booleans(),
    within=bound,
    negated=st.booleans(),
)
some_words = st.lists(words, max_size=2).map(tuple)
rarely = st.none() | st.none() | st.none() | times
asked = st.builds(
    Filters,
    from_=rarely,
    to=rarely,
    window=st.sampled_from(["touches", "within", "starts", "ends"]),
    channel=st.none() | st.just("web"),
    where=st.lists(attributes, max_size=2).map(tuple),
    without=some_words,
    starts_with=some_words,
    ends_with=some_words,
    follows=st.lists(successions, max_size=2).map(tuple),
    min_duration=rarely,
    max_duration=rarely,
    min_events=rarely,
    max_events=rarely,
    min_amount=rarely,
    max_amount=rarely,
    state=st.sampled_from([None, "open", "closed"]),
    end_activities=some_words,
    min_share=st.none() | st.floats(0, 1),
)


def alone(filters: Filters) -> list[Filters]:
    """The same filters, each by itself, so that what is rarely kept by all is looked at, too."""
    return [
        Filters(from_=filters.from_, to=filters.to, window=filters.window),
        Filters(where=filters.where),
        Filters(without=filters.without),
        Filters(starts_with=filters.starts_with),
        Filters(ends_with=filters.ends_with),
        Filters(follows=filters.follows),
        Filters(min_duration=filters.min_duration, max_duration=filters.max_duration),
        Filters(min_events=filters.min_events, max_events=filters.max_events),
        Filters(min_amount=filters.min_amount, max_amount=filters.max_amount),
        Filters(state=filters.state, end_activities=filters.end_activities),
        Filters(min_share=filters.min_share),
    ]


def within(value: int, low: int | None, high: int | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def has(case: list[Event], asked: Attribute) -> bool:
    found = any(getattr(e, asked.name, None) in asked.values for e in case)
    return found != asked.negated


def comes(case: list[Event], asked: Succession) -> bool:
    pairs = pairwise(case) if asked.direct else combinations(case, 2)
    found = any(
        a.activity == asked.source
        and b.activity == asked.target
        and (asked.within is None or max(0, b.start - a.end) <= asked.within)
        for a, b in pairs
    )
    return found != asked.negated


def plainly(case: list[Event], f: Filters) -> bool:
    """All but the variants."""
    begin, end = case[0].start, max(e.end for e in case)
    low, high = {"touches": (end, begin), "within": (begin, end), "starts": (begin, begin), "ends": (end, end)}[
        f.window
    ]
    amounts = [e.amount for e in case if e.amount is not None]
    closed = not f.end_activities or any(e.activity in f.end_activities for e in case)
    return (
        (f.from_ is None or low >= f.from_)
        and (f.to is None or high < f.to)
        and (f.channel is None or any(e.channel == f.channel for e in case))
        and all(has(case, attribute) for attribute in f.where)
        and not any(e.activity in f.without for e in case)
        and (not f.starts_with or case[0].activity in f.starts_with)
        and (not f.ends_with or case[-1].activity in f.ends_with)
        and all(comes(case, succession) for succession in f.follows)
        and within(end - begin, f.min_duration, f.max_duration)
        and within(len(case), f.min_events, f.max_events)
        and (f.min_amount is f.max_amount is None or any(within(a, f.min_amount, f.max_amount) for a in amounts))
        and (f.state is None or closed == (f.state == "closed"))
    )


@unhurried
@given(logs, asked)
def test_what_is_kept(events: list[Event], filters: Filters) -> None:
    cases: dict[str, list[tuple[int, int, int, Event]]] = {}
    rows = []
    for place, e in enumerate(events):
        cases.setdefault(e.case, []).append((e.start, e.end, place, e))
        fields = {"colour": e.colour} if e.colour else {}
        some_id = f"{place:03}"
        rows.append(
            event(
                e.case,
                e.activity,
                e.start,
                e.end,
                event_id=some_id,
                channel=e.channel,
                amount=e.amount,
                fields=fields,
            )
        )
    # Somebody has each colour, so that the field is there.
    rows.append(event("r", "b", 3, event_id="r", fields={"colour": "green"}))
    cases["r"] = [(3, 3, 0, Event("r", "b", 3, 0, None, None, "green"))]
    log = arena(rows)
    by_case = {case: [e for *_, e in sorted(entries)] for case, entries in cases.items()}
    ids = log.case_ids.to_pylist()
    for some in [filters, *alone(filters)]:
        kept = [case for case in ids if plainly(by_case[case], some)]
        if some.min_share is not None:
            shares = Counter(tuple(e.activity for e in by_case[case]) for case in kept)
            least = some.min_share * len(kept)
            kept = [case for case in kept if shares[tuple(e.activity for e in by_case[case])] >= least]
        assert [case for case, flag in zip(ids, choose(log, some), strict=True) if flag] == kept, some
        found = select(log, some)
        assert found.case_ids.to_pylist() == kept
        assert found.events == sum(len(by_case[case]) for case in kept)
    path = tuple(e.activity for e in by_case[ids[0]])
    same = [case for case in ids if tuple(e.activity for e in by_case[case]) == path]
    assert select(log, Filters(variant=variant_id(path))).case_ids.to_pylist() == same


@unhurried
@given(choices())
def test_paths(log: Choice) -> None:
    found = paths(log.first, log.last, log.codes)
    sequences = [tuple(row.code for row in case) for case in log.cases]
    distinct = list(dict.fromkeys(sequences))
    assert found.of_case.tolist() == [distinct.index(sequence) for sequence in sequences]
    assert found.example.tolist() == [sequences.index(sequence) for sequence in distinct]


def test_a_field_that_nobody_has_is_named() -> None:
    log = arena([event("x", "a", 0)])
    with pytest.raises(PermanentError, match="'taste'"):
        choose(log, Filters(where=(Attribute("taste", ("sweet",)),)))
    assert choose(log, Filters(where=(Attribute("platform", ("web",), negated=True),))).tolist() == [True]


def test_an_empty_arena_has_no_flags() -> None:
    found = choose(arena([]), Filters(activity="a", min_share=0.5))
    assert found.shape == (0,)
    assert found.dtype == np.bool_
