"""Events have a case."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble

SHARE: Final = 0.05


def cases(seen: Situation) -> Iterator[Trouble]:
    """More than a few events of a process name no object that leads it."""
    leading = {name: each.leading for name, each in seen.settings.processes.items()}
    totals: Counter[str] = Counter()
    without: Counter[str] = Counter()
    worst: dict[str, Counter[str]] = {}
    columns = [seen.events[name].to_pylist() for name in ("event_id", "process", "activity", "objects")]
    for event_id, process, activity, objects in zip(*columns, strict=True):
        kind = leading.get(process)
        if kind is None:
            continue
        totals[process] += 1
        if all(each["type"] != kind for each in objects or ()) and event_id not in seen.case_links:
            without[process] += 1
            worst.setdefault(process, Counter())[activity] += 1
    for process, count in without.items():
        if count > SHARE * totals[process]:
            activities = ", ".join(f"{name} ({n})" for name, n in worst[process].most_common(3))
            yield Trouble(
                "cases",
                "critical" if count > 0.5 * totals[process] else "warning",
                "{share} of the events of process {process} have no case, most of them: {activities}.",
                "set the id of the {leading} as an attribute on one span of such requests and name it under "
                "mapping.objects; houtai mapping check says what stands in the way.",
                {
                    "share": f"{100 * count / totals[process]:.0f} %",
                    "process": process,
                    "activities": activities,
                    "leading": leading[process],
                },
            )
