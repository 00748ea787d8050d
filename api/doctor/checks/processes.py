"""The service runs."""

from collections.abc import Iterator

from api.doctor.situation import PROCESSES, Situation
from api.doctor.trouble import Trouble


def processes(seen: Situation) -> Iterator[Trouble]:
    """Not running at all, or one of its processes gone."""
    alive = [name for name, each in seen.running.items() if each.alive]
    if not alive:
        yield Trouble(
            "processes",
            "warning",
            "The service is not running on {data}.",
            "start it: houtai serve --config houtai.yaml --data {data}",
            {"data": seen.data},
        )
        return
    # The collector alone is a set-up of its own.
    wanted = PROCESSES if "miner" in seen.running else PROCESSES[:2]
    for name in wanted:
        if name not in alive:
            was = seen.running.get(name)
            yield Trouble(
                "processes",
                "critical",
                "The {process} is not running, while {others} are (its last process was {pid}).",
                "restart the service, and look for the {process}'s last lines in its log.",
                {"process": name, "others": ", ".join(alive), "pid": was.pid if was else "-"},
            )
