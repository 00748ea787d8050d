"""`deviation/skipped_step`: a step of the model that cases went without."""

from mining.findings._departures import departures
from mining.findings.facts import Fact, View


def skipped_step(view: View) -> list[Fact]:
    """By optimal alignments with the reference model, one fact for each departure; none without a model."""
    return departures(view, "skipped")
