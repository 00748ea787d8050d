"""Summaries add and subtract: whatever the partitions, their order, their codes, the document is one and the same."""

import io
from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mining.arena import Codes, Quality
from mining.config import ProcessConfig
from mining.part import Part
from mining.report import Report
from mining.reporting import document, tables, worded
from mining.summary.arrow import from_arrow, to_arrow
from mining.summary.exact import exact
from mining.summary.numbering import Numbering
from mining.summary.summary import Summary
from mining.summary.tallying import summarise, tally
from tests.property.mining import oracle
from tests.property.mining.choices import unhurried
from tests.property.mining.oracle import Happening
from tests.property.mining.parts import YEAR, Did, Laid, Log, dictionaries, laid, lay, logs

CONFIG = ProcessConfig("test", "case", end_activities=("b",))
GROUPS = ("role", "actor")


def told(summary: Summary, *looked_at: Laid) -> Report:
    found = exact(summary, [(one.part, one.names) for one in looked_at])
    return tables(summary, found, "test", CONFIG, Quality())


def raw(summary: Summary) -> bytes:
    sink = io.BytesIO()
    table = to_arrow(summary)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def of(some: Laid) -> Summary:
    return summarise(some.part, some.names, groups=GROUPS)


@given(st.data(), logs)
@unhurried
def test_the_document_is_the_obvious_one(data: st.DataObject, log: Log) -> None:
    some = data.draw(laid(log))
    events = [
        Happening(f"{c}/{i}", f"case {c}", d.activity, d.start, d.end, d.enabled, d.role, d.actor, d.system, d.error)
        for c, case in enumerate(log)
        for i, d in enumerate(case)
    ]
    theirs = oracle.document(events, CONFIG.end_activities, estimated=False)
    ours = document(worded(told(of(some), some), "en"))
    ours["quality"], theirs["quality"] = None, None
    assert {name: ours[name] for name in theirs} == theirs


@given(st.data(), logs)
@unhurried
def test_partitions_in_any_order_add_up_to_the_whole(data: st.DataObject, log: Log) -> None:
    whole = data.draw(laid(log))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(log)), max_size=3)))
    pieces = [data.draw(laid(log[low:high])) for low, high in pairwise([0, *cuts, len(log)])]
    added = Summary({}, GROUPS)
    for piece in data.draw(st.permutations(pieces)):
        added.add(from_arrow(to_arrow(of(piece))) if data.draw(st.booleans()) else of(piece))
    assert raw(added) == raw(of(whole))
    assert told(added, *data.draw(st.permutations(pieces))) == told(of(whole), whole)


@given(st.data(), logs, logs)
@unhurried
def test_what_is_added_can_be_taken_out(data: st.DataObject, some: Log, more: Log) -> None:
    one, other = data.draw(laid(some)), data.draw(laid(more))
    summary = of(one)
    summary.add(of(other))
    summary.subtract(of(other))
    assert raw(summary) == raw(of(one))
    assert told(summary, one) == told(of(one), one)


@given(st.data(), logs)
@unhurried
def test_cases_go_out_and_come_in_again(data: st.DataObject, log: Log) -> None:
    some = data.draw(laid(log))
    summary = of(some)
    before = raw(summary)
    for _ in range(2):
        chosen = np.array(data.draw(st.lists(st.booleans(), min_size=len(log), max_size=len(log))), np.bool_)
        tally(summary, some.part.take(chosen), -1)
        left = Laid(some.part.take(~chosen), some.names)
        assert raw(summary) == raw(of(left))
        assert told(summary, left) == told(of(left), left)
        tally(summary, some.part.take(chosen), 1)
        assert raw(summary) == before


@given(st.data(), logs)
@unhurried
def test_a_summary_comes_back_from_arrow(data: st.DataObject, log: Log) -> None:
    some = data.draw(laid(log))
    again = from_arrow(to_arrow(of(some)))
    assert raw(again) == raw(of(some))
    assert told(again, some) == told(of(some), some)


@given(st.data(), logs, logs)
@unhurried
def test_words_may_come_later(data: st.DataObject, some: Log, more: Log) -> None:
    names = data.draw(dictionaries())
    growing = {name: list(words[:2]) for name, words in names.items()}
    known = [[d for d in case if all(getattr(d, n) in (None, *growing[n]) for n in names)] for case in some]
    summary = Summary(growing, GROUPS)
    tally(summary, lay(known, {name: tuple(words) for name, words in growing.items()}).part, 1)
    for name, words in names.items():
        growing[name].extend(words[2:])
    tally(summary, lay(more, names).part, 1)
    assert raw(summary) == raw(of(lay([*known, *more], names)))


def random_log(seed: int, cases: int, activities: int, longest: int) -> Laid:
    generator = np.random.default_rng(seed)
    lengths = generator.integers(1, longest + 1, cases)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    rows = int(offsets[-1])
    start = generator.integers(0, 50 * YEAR, rows)
    start = np.concatenate([np.sort(start[low:high]) for low, high in pairwise(offsets.tolist())])
    end = start + generator.integers(0, 3, rows) * generator.integers(0, 10**9, rows)
    activity = generator.integers(0, activities, rows).astype(np.int32)
    names = {"activity": tuple(f"step {a}" for a in range(activities)), "role": ("x",)}
    codes: dict[str, Codes] = {"activity": activity, "role": np.zeros(rows, np.int16)}
    part = Part(offsets[:-1], offsets[1:], start, end, None, codes, {"activity": activities, "role": 1}, start % 7 == 0)
    return Laid(part, names)


@pytest.mark.parametrize(
    ("cases", "activities", "longest"), [(3000, 40_000, 40), (100_000, 9, 1), (40_000, 12, 8), (1, 5, 90_000)]
)
def test_large_logs_are_counted_right(cases: int, activities: int, longest: int) -> None:
    some = random_log(1, cases, activities, longest)
    part, names = some.part, some.names
    summary = summarise(part, names, threads=3)
    single = Summary(names)
    tally(single, part, 1)
    assert to_arrow(summary).equals(to_arrow(single))
    found = exact(summary, [(part, names)], threads=3)
    codes = part.codes["activity"].tolist()
    pairs = [
        (codes[i - 1], codes[i])
        for low, high in zip(part.first.tolist(), part.last.tolist(), strict=True)
        for i in range(low + 1, high)
    ]
    edges = summary.edges
    known = np.flatnonzero((edges.numbering.lefts >= 0) & (edges.counts[: edges.numbering.size, 0] > 0)).tolist()
    ours = {(int(edges.numbering.lefts[e]), int(edges.numbering.rights[e])): int(edges.counts[e, 0]) for e in known}
    assert ours == dict(Counter(pairs))
    service = (part.end - part.start).astype(np.float64)
    for activity in range(min(activities, 20)):
        values = service[part.codes["activity"] == activity]
        theirs = np.quantile(values, [0.5, 0.9, 0.95]) if len(values) else np.full(3, np.nan)
        np.testing.assert_array_equal(found.service.quantiles[:, activity], theirs)
    length = np.array([part.end[a:b].max() - part.start[a] for a, b in zip(part.first, part.last, strict=True)])
    np.testing.assert_array_equal(found.cases.quantiles[:, 0], np.quantile(length.astype(float), [0.5, 0.9, 0.95]))
    assert (found.begin, found.end) == (int(part.start.min()), int(part.end.max()))


def test_codes_and_rows_out_of_range_are_refused() -> None:
    some = random_log(2, 10, 5, 4)
    bad = Part(**{**vars(some.part), "size": {"activity": 4, "role": 1}})
    with pytest.raises(ValueError, match="a code of activity is out of range"):
        summarise(bad, some.names)
    with pytest.raises(ValueError, match="outside the columns"):
        summarise(Part(**{**vars(some.part), "last": some.part.last + 1}), some.names)
    with pytest.raises(ValueError, match="sign is 1 or -1"):
        tally(Summary(some.names), some.part, 2)
    with pytest.raises(ValueError, match="different groups"):
        Summary(some.names).add(Summary(some.names, GROUPS))


def test_other_cases_than_the_summary_has_are_noticed() -> None:
    some = random_log(3, 50, 5, 4)
    summary = of(some)
    with pytest.raises(ValueError, match="not the cases"):
        exact(summary, [(some.part.take(slice(0, 49)), some.names)])
    with pytest.raises(ValueError, match="not the cases"):
        exact(summary, [(some.part, some.names)] * 2)


def test_an_empty_log_has_empty_tables() -> None:
    nothing = lay([], {"activity": ()})
    assert told(of(nothing), nothing).log == tables(
        Summary({}), exact(Summary({}), []), "test", CONFIG, Quality()
    ).log  # fmt: skip
    assert len(to_arrow(Summary({}))) == 0


def test_variants_that_went_are_forgotten() -> None:
    some = random_log(4, 5000, 30, 12)
    summary = of(some)
    tally(summary, some.part.take(slice(100, 5000)), -1)
    assert summary.variants.size < 200
    assert to_arrow(summary).equals(to_arrow(of(Laid(some.part.take(slice(0, 100)), some.names))))


def test_an_event_knows_its_words() -> None:
    did = Did("a", None, "p", None, 0, 4, None, error=True)
    found = of(lay([[did, did]], {"activity": ("a",), "actor": ("p",)}))
    assert found.cases.sums["overlaps"] == 1
    assert found.activities.counts[0].tolist() == [2, 1, 1, 1, 1, 2, 8]


pairs_of_codes = st.lists(st.tuples(st.integers(-2, 9), st.integers(-2, 9)), max_size=12)


@given(st.lists(pairs_of_codes, max_size=6), st.sampled_from([0, 40, 1000]), st.sampled_from([-2, 0]))
@unhurried
def test_pairs_keep_their_numbers_in_a_table_and_beyond(
    batches: list[list[tuple[int, int]]], cells: int, least: int
) -> None:
    found, theirs = Numbering(cells), dict[tuple[int, int], int]()
    for batch in batches:
        left, right = (np.array([pair[side] for pair in batch], np.int32) for side in (0, 1))
        size = max([0, *(max(pair) + 1 for pair in batch), *(max(pair) + 1 for pair in theirs)])
        for a, b in batch:
            if a >= least and b >= max(least, -1):
                theirs.setdefault((a, b), len(theirs))
        ours = found.numbers(left, right, size, size, least).tolist()
        assert ours == [theirs.get(pair, -1) for pair in batch]
        assert found.known(left, right).tolist() == ours
    assert list(zip(found.lefts.tolist(), found.rights.tolist(), strict=True)) == list(theirs)
