"""Nothing comes from the future."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble

_AHEAD = 5 * 60 * 1_000_000


def future(seen: Situation) -> Iterator[Trouble]:
    """Events that begin later than now, by more than clocks usually differ."""
    if not seen.events.num_rows:
        return
    starts = seen.events["start"].cast(pa.int64())
    late = seen.events.filter(pc.greater(starts, seen.now + _AHEAD))
    if late.num_rows:
        systems = sorted({str(each) for each in pc.unique(late["system"].cast("string")).to_pylist()})
        most = (pc.max(late["start"].cast(pa.int64())).as_py() - seen.now) / 3_600_000_000
        yield Trouble(
            "future",
            "warning",
            "{count} events begin in the future, by up to {hours} h; they come from {systems}.",
            "set the clock of those machines, or the time zone in which they write their times.",
            {"count": late.num_rows, "hours": f"{most:,.1f}", "systems": ", ".join(systems[:5])},
        )
