"""How long declared rules take on ten million events: `python -m tests.bench.rules_speed [EVENTS]`."""

import sys
import time
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from mining.arena import NO_CODE, NO_TIME, WORDS, Arena
from mining.details import TableDetails
from mining.rules.checking import BROKEN, check
from mining.rules.settings import RuleSettings

ACTIVITIES, ACTORS = 24, 200
HOUR = 3_600_000_000
RULES: tuple[dict[str, object], ...] = (
    {"template": "response"},
    {"template": "precedence", "within_hours": 24},
    {"template": "precedence", "actor": "different"},
    {"template": "response", "not_before_hours": 0.5, "within_hours": 24, "actor": "same"},
    {"template": "alternate_succession"},
    {"template": "chain_response"},
    {"template": "not_coexistence", "actor": "same"},
    {"template": "precedence", "when": [{"field": "amount", "above": 500_000}]},
    {"template": "existence", "at_most": 1},
)


def made(events: int) -> Arena:
    """Events drawn at random in cases of 13 on average."""
    draw = np.random.default_rng(1)
    cases = max(events * 753 // 10_000, 1)
    cuts = np.sort(draw.choice(np.arange(1, events), cases - 1, replace=False))
    start = np.arange(events) * HOUR // 100
    unknown = np.full(events, NO_CODE, np.int16)
    return Arena(
        process="bench",
        offsets=np.concatenate([[0], cuts, [events]]),
        case_ids=pa.array(np.arange(cases).astype(str)),
        start=start,
        end=start + draw.integers(0, HOUR // 20, events),
        enabled=np.full(events, NO_TIME),
        codes=dict.fromkeys(WORDS, unknown)
        | {
            "activity": draw.integers(0, ACTIVITIES, events).astype(np.int16),
            "actor": draw.integers(-1, ACTORS, events).astype(np.int16),
        },
        names=dict.fromkeys(WORDS, ())
        | {
            "activity": tuple(f"step {n:02d}" for n in range(ACTIVITIES)),
            "actor": tuple(f"actor {n:03d}" for n in range(ACTORS)),
        },
        error=np.zeros(events, np.bool_),
        amount=np.where(draw.random(events) < 0.1, draw.integers(0, 1_000_000, events), NO_TIME),
        rows=np.arange(events),
        details=TableDetails(pa.table({})),
    )


def main() -> None:
    """A line a rule: processor seconds, activations, breaches."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    arena, small = made(events), made(1000)
    for more in RULES:
        both = {} if more["template"] == "existence" else {"source": ["step 01", "step 02"], "target": "step 03"}
        asked = {"id": "r", "process": "bench", **both, **more} | ({} if both else {"activity": "step 01"})
        rule = RuleSettings.model_validate(asked)
        check(small, rule, int(small.end.max()), ("step 04",), ZoneInfo("UTC"))
        began = time.process_time()
        found = check(arena, rule, int(arena.end.max()), ("step 04",), ZoneInfo("UTC"))
        took = time.process_time() - began
        told = " ".join(f"{name}={value}" for name, value in more.items())
        print(f"{took:6.2f} s  {len(found.row):9,} activations  {int(found.of(BROKEN).sum()):9,} broken  {told}")


if __name__ == "__main__":
    main()
