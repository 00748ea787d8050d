"""The process that aligns; `mining.alignment.align` starts, asks and kills it.

First line in: the net as r4pm takes it; then one path (a JSON list of activities) a line. One line out for each: r4pm's
answer (`cost`, `moves`), or `{"reason"}`.
"""

import contextlib
import json
import os
import resource
import sys
from typing import Final

DEVIATION: Final = 1_000_000
"""Cost of a deviation: what nobody sees is free, as with pm4py's standard costs. Of ways with as few deviations the one
counts that leaves out more and puts in less, because what is in the log has happened."""
COSTS: Final = {
    "log_move_cost": DEVIATION + 1,
    "model_move_cost": DEVIATION,
    "silent_move_cost": 0,
    "sync_move_cost": 0,
}
BINDING: Final = "process_mining::conformance::case_centric::alignments::align_trace_binding"


def main() -> None:
    """Align the paths of standard input until it ends."""
    memory = int(sys.argv[1])
    # A search that explodes must end this process, not the machine.
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    from r4pm import call_binding

    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        # The net is put into every question as the text it came as: writing it anew each time would cost more than
        # aligning does.
        net = sys.stdin.readline().strip()
        options = json.dumps({"cost_fn": COSTS, "max_states": None})
        out.write("{}\n")
        out.flush()
        for line in sys.stdin:
            try:
                raw = call_binding(BINDING, f'{{"net":{net},"trace":{line.strip()},"options":{options}}}')
                answer = raw if raw.startswith("{") else json.dumps({"reason": raw})
            except Exception as error:
                answer = json.dumps({"reason": " ".join(str(error).split())[:200]})
            out.write(" ".join(answer.splitlines()) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
