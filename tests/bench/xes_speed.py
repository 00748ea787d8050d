"""XES to events: Houtai against pm4py's own reader, side by side, each in a process of its own.

    python tests/bench/xes_speed.py [FILE ...] [--events N]

Without files a log of N events (1,000,000) is made. CPU is that of all threads from an imported library to the finished
table (for Houtai the event table, start and complete paired), kernels compiled before; memory is the process's peak.
Each side runs twice, in turns, and the better counts.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

_STEPS = ("A_Create", "A_Check", "O_Offer", "W_Call &amp; ask", "O_Return", "W_Validate", "A_Approve", "A_Close")


def make(path: Path, events: int) -> None:
    """A log as OpenXES writes it: start and complete, a resource, an amount, attributes of traces."""
    chance = random.Random(4)
    done = case = 0
    with path.open("w", encoding="utf-8") as out:
        out.write(
            '<?xml version="1.0" encoding="UTF-8" ?>\n<log xes.version="1.0" xmlns="http://www.xes-standard.org/">\n'
        )
        while done < events:
            case += 1
            moment = 1_600_000_000 + 60 * case
            out.write(
                f'\t<trace>\n\t\t<string key="concept:name" value="Application_{case}"/>\n'
                f'\t\t<float key="RequestedAmount" value="{chance.randrange(1000, 50000)}.0"/>\n'
            )
            for step in range(chance.randrange(4, 20)):
                name = _STEPS[min(step, 3) if step < 4 else chance.randrange(8)]
                who = f"User_{chance.randrange(150)}"
                for transition in ("start", "complete"):
                    moment += chance.randrange(30, 5000)
                    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))
                    out.write(
                        f'\t\t<event>\n\t\t\t<string key="org:resource" value="{who}"/>\n'
                        f'\t\t\t<string key="concept:name" value="{name}"/>\n'
                        f'\t\t\t<string key="EventOrigin" value="Workflow"/>\n'
                        f'\t\t\t<string key="lifecycle:transition" value="{transition}"/>\n'
                        f'\t\t\t<date key="time:timestamp" value="{stamp}.000+01:00"/>\n\t\t</event>\n'
                    )
                    done += 1
            out.write("\t</trace>\n")
        out.write("</log>\n")


def houtai(path: Path) -> dict[str, float]:
    # Imports are not measured on either side; pyarrow imports pandas, where that is there, at its first array.
    import pandas as pd  # noqa: F401

    import collector.files.xes_plain  # noqa: F401
    from collector.files import ReadOptions, read
    from collector.files.log import no_progress
    from collector.files.xes_file import XesReader
    from collector.files.xes_scan import warm_up

    warm_up()
    options = ReadOptions(process="bench")
    began = time.process_time()
    log = read(path, options)
    cpu = time.process_time() - began
    peak = _peak()
    began = time.process_time()
    lines = len(XesReader().read(path, options, no_progress).columns[0])
    parsed = time.process_time() - began
    return {
        "cpu": cpu,
        "peak": peak,
        "parsed": parsed,
        "lines": lines,
        "events": sum(batch.num_rows for batch in log.batches),
    }


def pm4py(path: Path) -> dict[str, float]:
    warnings.simplefilter("ignore")
    import pm4py as library

    began = time.process_time()
    frame = library.read_xes(str(path), variant="iterparse")
    return {"cpu": time.process_time() - began, "peak": _peak(), "lines": len(frame)}


def _peak() -> float:
    """MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _run(side: str, path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--side", side, str(path)], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(path: Path) -> None:
    runs = [(_run("houtai", path), _run("pm4py", path)) for _ in range(2)]
    ours, theirs = (min((run[i] for run in runs), key=lambda run: run["cpu"]) for i in (0, 1))
    if ours["lines"] != theirs["lines"]:
        raise SystemExit(f"{path.name}: {ours['lines']} lines against pm4py's {theirs['lines']}")
    print(
        f"{path.name:40} {int(ours['lines']):>9,} lines  CPU {ours['cpu']:6.2f} s (parsed {ours['parsed']:.2f}) "
        f"pm4py {theirs['cpu']:6.2f} s = {theirs['cpu'] / ours['cpu']:5.1f} x   peak {ours['peak']:.0f} MB "
        f"pm4py {theirs['peak']:.0f} MB = {theirs['peak'] / ours['peak']:.1f} x"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--side", choices=("houtai", "pm4py"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side is not None:
        found = (houtai if given.side == "houtai" else pm4py)(given.files[0])
        print(json.dumps(found))
        return
    for path in given.files:
        compare(path)
    if not given.files:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "made.xes"
            make(path, given.events)
            compare(path)


if __name__ == "__main__":
    main()
