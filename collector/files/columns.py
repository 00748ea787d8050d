"""Which column of a file means what (docs/contract.md, section 2)."""

import difflib
import re
from collections.abc import Sequence
from typing import Final

from collector.files.log import RawLog, ReadOptions
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text

USUAL: Final[dict[str, tuple[str, ...]]] = {
    "case": ("case_id", "case", "case:concept:name", "单号", "订单号"),
    "activity": ("activity", "concept:name", "环节", "操作"),
    "start": ("start", "start_time", "start_timestamp", "开始时间"),
    "end": ("end", "end_time", "end_timestamp", "time:timestamp", "timestamp", "结束时间", "操作时间"),
    "enabled": ("enabled_time", "enabled_timestamp", "time:enabled"),
    "actor": ("actor", "resource", "org:resource", "user", "操作人"),
    "role": ("role", "org:role", "岗位", "角色"),
    "system": ("system", "系统"),
    "module": ("module",),
    "device": ("device",),
    "channel": ("channel", "渠道"),
    "platform": ("platform",),
    "shop": ("shop", "店铺"),
    "amount": ("amount", "金额"),
    "lifecycle": ("lifecycle:transition", "lifecycle"),
    "instance": ("concept:instance",),
}
"""Meaning -> names, the first that is there wins. Case, and a space for an underscore, make no difference."""

TRACE: Final = "case:"
"""Stands before the name of an attribute of a whole XES trace."""

XES: Final[dict[str, tuple[str, ...]]] = {
    **USUAL,
    "case": ("case:concept:name",),
    "activity": ("concept:name", "activity"),
    "end": ("time:timestamp", *(name for name in USUAL["end"] if name != "time:timestamp")),
    "actor": ("org:resource", *(name for name in USUAL["actor"] if name != "org:resource")),
    "role": ("org:role", *(name for name in USUAL["role"] if name != "org:role")),
}
"""In XES the standard's own keys come first."""


def resolve(raw: RawLog, options: ReadOptions) -> dict[str, int]:
    """Meaning -> column index, for the meanings the file has; PermanentError names what is missing and the nearest."""
    by_name: dict[str, int] = {}
    for index, name in enumerate(raw.names):
        by_name.setdefault(plain(name), index)
    exact = {name: index for index, name in reversed(list(enumerate(raw.names)))}
    wanted = {
        "case": options.case,
        "activity": options.activity,
        "start": options.start,
        "end": options.end,
        "actor": options.actor,
        "role": options.role,
    }
    found: dict[str, int] = {}
    for meaning, given in wanted.items():
        if given is None:
            continue
        chosen = exact.get(given, by_name.get(plain(given)))
        if chosen is None:
            raise PermanentError(
                text(
                    options.language,
                    "{file}: there is no column {name!r} (--{meaning}). There are: {columns}.{nearest}",
                    file=raw.path,
                    name=given,
                    meaning=meaning,
                    columns=_listed(raw.names, options),
                    nearest=_nearest((given,), raw.names, options),
                )
            )
        found[meaning] = chosen
    taken = set(found.values())
    for meaning, usual in raw.usual.items():
        if meaning not in found:
            for name in usual:
                place = by_name.get(plain(name))
                if place is not None and place not in taken:
                    found[meaning] = place
                    taken.add(place)
                    break
    for meaning in ("case", "activity"):
        if meaning not in found:
            raise _missing(raw, options, meaning, raw.usual[meaning])
    if "start" not in found and "end" not in found:
        raise _missing(raw, options, "end", (*raw.usual["start"], *raw.usual["end"]))
    return found


def usable(names: Sequence[str], usual: dict[str, tuple[str, ...]], options: ReadOptions) -> bool:
    """Whether there are columns for case, activity and a time among `names`."""
    there = {plain(name) for name in names if name}

    def has(given: str | None, meaning: str) -> bool:
        return any(plain(name) in there for name in ((given,) if given is not None else usual[meaning]))

    timed = has(options.start, "start") or has(options.end, "end")
    return timed and has(options.case, "case") and has(options.activity, "activity")


def _missing(raw: RawLog, options: ReadOptions, meaning: str, usual: Sequence[str]) -> PermanentError:
    kinds = {
        "case": text(options.language, "the case"),
        "activity": text(options.language, "the activity"),
        "end": text(options.language, "the time"),
    }
    return PermanentError(
        text(
            options.language,
            "{file}: no column for {kind} ({usual}; or say which with --{meaning}). There are: {columns}.{nearest}",
            file=raw.path,
            kind=kinds[meaning],
            usual=", ".join(usual),
            meaning=meaning,
            columns=_listed(raw.names, options),
            nearest=_nearest(usual, raw.names, options),
        )
    )


def _listed(names: Sequence[str], options: ReadOptions, limit: int = 20) -> str:
    shown = ", ".join(_shown(name) for name in names[:limit])
    more = len(names) - limit
    return shown if more <= 0 else text(options.language, "{shown} and {more} more", shown=shown, more=more)


def _nearest(usual: Sequence[str], names: Sequence[str], options: ReadOptions) -> str:
    by_plain = {plain(name): name for name in names}
    ranked = [
        (difflib.SequenceMatcher(None, plain(want), have).ratio(), name)
        for want in usual
        for have, name in by_plain.items()
    ]
    best = max(ranked, default=(0.0, ""))
    return "" if best[0] < 0.5 else text(options.language, " Nearest: {name}.", name=_shown(best[1]))


def _shown(name: str) -> str:
    """A column name that cannot break the line or fill the screen."""
    printable = "".join(c if c.isprintable() else "?" for c in name)
    return printable if len(printable) <= 40 else printable[:39] + "…"


def plain(name: str) -> str:
    """A column name as names are compared."""
    return re.sub(r"\s+", "_", name.strip().casefold())
