"""`deviation/wrong_order`: a step before another that the model wants first."""

from mining.findings._departures import departures
from mining.findings.facts import Fact, View


def wrong_order(view: View) -> list[Fact]:
    """By optimal alignments with the reference model, one fact for each departure; none without a model."""
    return departures(view, "wrong_order")
