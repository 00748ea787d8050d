"""The clocks of services agree."""

from collections.abc import Iterator

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble
from collector.skew import STATE, estimate, from_state


def clocks(seen: Situation) -> Iterator[Trouble]:
    """Services that call each other and whose clocks are apart by more than the network explains."""
    if getattr(seen.settings.collector, "correct_clocks", False):
        return
    known = from_state(seen.store.state(STATE)) or estimate(seen.spans)
    for each in known:
        # Milliseconds change no order of business steps.
        if not each.plausible and abs(each.offset) > 50_000:
            yield Trouble(
                "clocks",
                "warning",
                "The clock of {server} differs from that of {client} by {seconds} s (give or take {bound} s; "
                "{calls} calls).",
                "run a time service (chrony, systemd-timesyncd) on both; or set collector.correct_clocks: true.",
                {
                    "server": each.server,
                    "client": each.client,
                    "seconds": f"{each.offset / 1e6:+.2f}",
                    "bound": f"{each.bound / 1e6:.3f}",
                    "calls": each.calls,
                },
            )
