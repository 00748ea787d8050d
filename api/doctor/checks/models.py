"""The drawn models that processes should follow."""

from collections.abc import Iterator

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble
from collector.vocabulary.errors import PermanentError


def models(seen: Situation) -> Iterator[Trouble]:
    """A file that can't be used, told with line and element; a part that is not taken as it is drawn."""
    for process, known in sorted(seen.settings.processes.items()) if seen.invalid is None else ():
        if known.model is None:
            continue
        # With it come numba's kernels, which nobody without a model must wait for.
        from mining.reference.reference import load

        try:
            model = load(known.model).model
        except PermanentError as error:
            yield Trouble(
                "models",
                "critical",
                "The model of process {process} can't be used: {reason}.",
                "correct the drawing and save it again as BPMN 2.0; `houtai serve` does not start without it.",
                {"process": process, "reason": error},
            )
            continue
        kept = [note for note in model.notes if note.reason.startswith("kept as one task")]
        for note in kept:
            yield Trouble(
                "models",
                "warning",
                "In the model of process {process}, line {line}, {element} {id} is {reason}.",
                "draw what it holds without a sub-process around it, if its order matters.",
                {
                    "process": process,
                    "line": note.line,
                    "element": note.element,
                    "id": note.id,
                    "reason": note.reason,
                },
            )
