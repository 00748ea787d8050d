"""A model that somebody drew, and the cases of a log beside it."""

import threading
import time
from collections.abc import Collection, Mapping
from pathlib import Path as File
from typing import Final

import numpy as np

from collector.vocabulary.errors import PermanentError
from mining.alignment.align import Alignment, Path, align
from mining.arena import Arena
from mining.discovery.bpmn import Bpmn
from mining.discovery.bpmn_read import MOST_BYTES, read_bpmn
from mining.kernels.paths import paths
from mining.reference.conformance import Conformance, Deviation, deviations
from mining.reference.matching import Matching, matched
from mining.reference.nets import net_of, open_net
from mining.reference.playing import precision, stuck

BOX: Final = 20.0
"""Seconds for aligning what is new in a log; most frequent paths first, the rest the next time."""
DEADLINE: Final = 2.0
"""Seconds for one path."""
LONGEST: Final = 400
"""Events of a path; a longer one is not aligned."""
KEPT: Final = 200_000
"""Aligned paths that are kept from one look to the next."""
Key = tuple[bool, Path]


class Reference:
    """One model. Any thread may ask; what was aligned is kept for the next question."""

    def __init__(self, model: Bpmn, name: str, box: float = BOX, deadline: float = DEADLINE) -> None:
        """PermanentError for a model that can't be a net."""
        net_of(model, {})
        self.model, self.name = model, name
        self._box, self._deadline = box, deadline
        self._lock = threading.Lock()
        self._state: tuple[Mapping[str, str], Mapping[Key, Alignment], int] = ({}, {}, 0)
        """Activities by node, what was aligned with them, the fewest steps through the model; replaced as one."""

    def matching(self, activities: Collection[str]) -> Matching:
        """Which activities its elements stand for."""
        return matched(self.model, activities)

    def conformance(self, arena: Arena, end_activities: Collection[str] = (), align_new: bool = True) -> Conformance:
        """The model's word on every case; those without an end activity are judged by what they did so far.

        Without end activities all cases are finished. Names are matched to all words of the arena, whether or not one
        of its cases has them, so that a choice of cases is judged as all are. Without `align_new` paths that were not
        aligned before stay unjudged, and nobody waits.
        """
        matching = self.matching(arena.activities)
        used = {arena.activities[code] for code in np.unique(arena.activity)}
        found = paths(arena.offsets[:-1], arena.offsets[1:], arena.activity)
        counts = np.bincount(found.of_case, minlength=len(found.example))
        ways = [_path(arena, int(case)) for case in found.example]
        ends = frozenset(end_activities)
        finished = [not ends or not ends.isdisjoint(path) for path in ways]
        keys = list(zip(finished, ways, strict=True))
        if align_new:
            with self._lock:
                self._align(matching.labels, {key: int(count) for key, count in zip(keys, counts, strict=True)})
        labels, known, shortest = self._state
        aligned = [known.get(key) if labels == matching.labels else None for key in keys]
        told: list[tuple[Deviation, ...] | None] = [
            deviations(a.moves) if a is not None and a.cost is not None else None for a in aligned
        ]
        over = [
            (a, int(count))
            for a, count, end in zip(aligned, counts, finished, strict=True)
            if end and a is not None and a.cost is not None
        ]
        worst = sum(count * (len(a.path) + shortest) for a, count in over)
        cost = sum(count * (a.cost or 0) for a, count in over)
        through = [(tuple(str(m.model) for m in a.moves if m.model is not None), count) for a, count in over]
        return Conformance(
            model=self.name,
            knows=frozenset(matching.labels.values()),
            unmatched=tuple(each.name or each.id for each in matching.unmatched),
            unknown=tuple(name for name in matching.unknown if name in used),
            of_case=found.of_case,
            deviations=tuple(told),
            finished=np.array(finished, dtype=np.bool_),
            fitness=1 - cost / worst if worst else None,
            precision=precision(net_of(self.model, matching.labels), through) if over else None,
        )

    def _align(self, labels: Mapping[str, str], wanted: Mapping[Key, int]) -> None:
        """Align what is not known yet, as far as the time goes."""
        before, known, shortest = self._state
        aligned = dict(known) if before == labels and len(known) <= KEPT else {}
        until = time.monotonic() + self._box
        whole = net_of(self.model, labels)
        for finished in (True, False):
            new = {
                path: cases
                for (end, path), cases in wanted.items()
                if end == finished and (end, path) not in aligned and len(path) <= LONGEST
            }
            left = until - time.monotonic()
            if new and left > 0:
                found = align(whole if finished else open_net(whole), new, self._deadline, box=left)
                if finished and found.shortest is not None:
                    shortest = found.shortest
                aligned |= {(finished, item.path): item for item in found.items if not item.unasked}
        self._state = labels, aligned, shortest


def _path(arena: Arena, case: int) -> Path:
    codes = arena.activity[arena.offsets[case] : arena.offsets[case + 1]]
    return tuple(arena.activities[code] for code in codes)


def load(file: File) -> Reference:
    """The model of a BPMN file; PermanentError names file, line and element of what cannot be used."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise PermanentError(f"{file}: larger than {MOST_BYTES // 1_000_000} MB")
        raw = file.read_bytes()
    except OSError as error:
        raise PermanentError(f"{file}: cannot be read: {error.strerror or error}") from error
    model = read_bpmn(raw, str(file))
    try:
        _comes_to_an_end(model)
        return Reference(model, model.name or file.stem)
    except PermanentError as error:
        raise PermanentError(f"{file}: {error}") from error


def _comes_to_an_end(model: Bpmn) -> None:
    """PermanentError, with the elements before which it stands still, for a model that no case could ever fit."""
    still = stuck(net_of(model, {}))
    if still is None:
        return
    waiting = {place.removeprefix("flow ") for place, _ in still}
    names = list(dict.fromkeys(flow.target for flow in model.flows if flow.id in waiting))[:5]
    told = f": it stands still before {', '.join(map(repr, names))}" if names else ""
    raise PermanentError(f"process {model.id!r}: no way through it ever comes to an end{told}")
