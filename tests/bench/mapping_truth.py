"""How much of the demo's own mapping `houtai mapping suggest` finds when that is hidden: per seed, plain and renamed.

`python tests/bench/mapping_truth.py [--orders N] [--days N] SEED ..`; each seed with the built-in problems and without.
"""

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from collector.demo import history
from collector.suggest.proposal import propose
from collector.suggest.rehearsal import rehearse
from tests.unit.demo.reading import mapping
from tests.unit.suggest.renaming import Renamer
from tests.unit.suggest.truth import score

NOW = datetime(2026, 3, 18, 7, 30, tzinfo=UTC)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line per seed and disguise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", nargs="*", type=int, default=[1, 2, 3])
    parser.add_argument("--orders", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=12)
    options = parser.parse_args(arguments)
    rules, processes = mapping()
    print(f"{options.orders} orders in {options.days} days; shares of 1")
    print("seed  problems  names    cases: recall precision   activities: recall precision   seconds")
    for seed in options.seeds:
        for healthy in (False, True):
            batches = history(seed, options.days, options.orders, healthy, now=NOW)
            plain = [encode_spans(batch).SerializeToString() for batch in batches if batch]
            truth = rehearse(plain, rules, processes)
            for disguise in ("plain", "letters", "digits"):
                sent = plain
                if disguise != "plain":
                    sent = Renamer(seed, digits=disguise == "digits").requests(plain)
                began = time.monotonic()
                proposal = propose(sent)
                took = time.monotonic() - began
                got = score(truth, rehearse(sent, proposal.mapping, proposal.processes))
                print(
                    f"{seed:>4}  {'no' if healthy else 'yes':<8}  {disguise:<7}         {got.cases_recall:.3f}     "
                    f"{got.cases_precision:.3f}                {got.activities_recall:.3f}     "
                    f"{got.activities_precision:.3f}   {took:7.1f}"
                )
                for name in got.missed:
                    print(f"        missed {name}")
                for name in got.wrong:
                    print(f"        not in the truth: {name}")


if __name__ == "__main__":
    main()
