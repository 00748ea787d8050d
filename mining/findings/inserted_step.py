"""`deviation/inserted_step`: a step where the model has none."""

from mining.findings._departures import departures
from mining.findings.facts import Fact, View


def inserted_step(view: View) -> list[Fact]:
    """By optimal alignments with the reference model, one fact for each departure; none without a model."""
    return departures(view, "inserted")
