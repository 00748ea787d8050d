"""A discovered model in the forms it leaves in."""

from dataclasses import dataclass
from typing import Final, Literal

from mining.discovery.bpmn import bpmn_of
from mining.discovery.bpmn_xml import bpmn_xml
from mining.discovery.miner import Discovered
from mining.discovery.net import petri_net, pnml

Format = Literal["bpmn", "pnml", "tree", "json"]
NOISE: Final = 0.2
"""pm4py's usual threshold of the infrequent miner is 0; real logs need some."""


@dataclass(frozen=True)
class ModelDocument:
    """`GET /api/v1/processes/{p}/model?format=json`."""

    process: str
    noise: float
    coverage: float
    """Share of cases whose variant the model was made of, 0..1."""
    cases: int
    """Those cases."""
    all_cases: int
    variants: int
    all_variants: int
    complete: bool
    """Every variant was used before the time was over."""
    fitting_cases: int | None
    """Cases that the model allows without a deviation; null where there was no time to look."""
    tree: dict[str, object]
    text: str
    """The process tree as pm4py and the literature write it."""


def model_document(found: Discovered, process: str) -> ModelDocument:
    """The whole answer for JSON."""
    return ModelDocument(
        process=process,
        noise=found.noise,
        coverage=round(found.coverage, 6),
        cases=found.cases,
        all_cases=found.all_cases,
        variants=found.variants,
        all_variants=found.all_variants,
        complete=found.in_time,
        fitting_cases=found.fitting,
        tree=found.tree.document(),
        text=str(found.tree),
    )


def remark(found: Discovered) -> str:
    """One line that says what the model was made of; it goes into the BPMN file."""
    fits = "" if found.fitting is None else f" {found.fitting} cases fit it exactly."
    return (
        f"Inductive miner, noise {found.noise:g}: made of the {found.variants} most frequent of {found.all_variants} "
        f"variants, {found.cases} of {found.all_cases} cases ({100 * found.coverage:.1f} %).{fits}"
    )


def text_of(found: Discovered, process: str, form: Literal["bpmn", "pnml", "tree"]) -> str:
    """The model as BPMN 2.0 XML, PNML or a line of text."""
    match form:
        case "bpmn":
            return bpmn_xml(bpmn_of(found.tree, process), remark(found))
        case "pnml":
            return pnml(petri_net(found.tree), process)
        case "tree":
            return f"{found.tree}\n"
