"""Models in a time box, and alignments beside pm4py's: `python -m tests.bench.discovery_speed [receipt.csv.gz]`.

Without an argument the receipt log is looked for beside the repository; pm4py takes about a minute for it.
"""

import csv
import gzip
import os
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from mining.alignment.align import align
from mining.discovery.bpmn import bpmn_of
from mining.discovery.bpmn_xml import bpmn_xml
from mining.discovery.miner import Discoverer
from mining.discovery.net import Net, petri_net, pnml
from tests.bench.support.variants import variants

RECEIPT = Path(__file__).resolve().parents[3] / "shared/data/pm4py/receipt.csv.gz"


def main() -> None:
    """Print what was measured."""
    discoverer = Discoverer()
    begun = time.perf_counter()
    discoverer.discover({("a",): 1})
    print(f"child with pm4py ready and asked once: {time.perf_counter() - begun:.2f} s (once, at start)")
    log = variants()
    for noise in (0.2, 0.0):
        begun = time.perf_counter()
        found = discoverer.discover(log, noise)
        mined = time.perf_counter() - begun
        bpmn_xml(bpmn_of(found.tree, "generated"))
        took = time.perf_counter() - begun
        print(
            f"13,000 cases, 36 activities, 4,000 variants, noise {noise}: {took:.2f} s to BPMN ({mined:.2f} s model), "
            f"{100 * found.coverage:.1f} % of cases, {found.variants} variants, fitting {found.fitting}"
        )
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else RECEIPT
    if file.exists():
        receipt = read(file)
        found = discoverer.discover(receipt, 0.2)
        beside(petri_net(found.tree), receipt)
    discoverer.close()


def read(file: Path) -> Counter[tuple[str, ...]]:
    """The variants of a CSV log with `case_id`, `activity`, `end_time`."""
    cases: defaultdict[str, list[tuple[str, int, str]]] = defaultdict(list)
    with gzip.open(file, "rt", encoding="utf-8", newline="") as rows:
        for place, row in enumerate(csv.DictReader(rows)):
            cases[row["case_id"]].append((row["end_time"], place, row["activity"]))
    return Counter(tuple(activity for _, _, activity in sorted(events)) for events in cases.values())


def beside(net: Net, log: Counter[tuple[str, ...]]) -> None:
    """Both on the same net; costs must be equal variant by variant."""
    begun, used = time.perf_counter(), _cpu()
    ours = align(net, log)
    whole, our_cpu = time.perf_counter() - begun, _cpu() - used
    from pm4py.algo.conformance.alignments.petri_net import algorithm
    from pm4py.objects.log.obj import Event, EventLog, Trace
    from pm4py.objects.petri_net.importer.variants.pnml import import_net_from_string

    theirs_net = import_net_from_string(pnml(net, "receipt"))
    traces = EventLog(
        [Trace([Event({"concept:name": a}) for a in item.path]) for item in ours.items for _ in range(item.cases)]
    )
    begun, used = time.perf_counter(), _cpu()
    theirs = algorithm.apply_log(traces, *theirs_net, parameters={"show_progress_bar": False})
    took, their_cpu = time.perf_counter() - begun, _cpu() - used
    costs = iter(theirs)
    same = all(next(costs)["cost"] // 10_000 == item.cost for item in ours.items for _ in range(item.cases))
    print(
        f"alignments, {len(ours.items)} variants of {ours.cases} cases: {whole:.3f} s with the child's start "
        f"({whole - ours.seconds:.3f} s of it), {ours.seconds:.3f} s aligning; pm4py {took:.1f} s: "
        f"{took / whole:.0f} x, {took / ours.seconds:.0f} x; CPU, start and all, {our_cpu:.3f} s against "
        f"{their_cpu:.1f} s: {their_cpu / our_cpu:.0f} x; same costs: {same}"
    )


def _cpu() -> float:
    """User and system seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])


if __name__ == "__main__":
    main()
