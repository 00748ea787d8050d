"""Business spans come whole."""

from collections.abc import Iterator

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble
from collector.converter.sampling import FEWEST_TRACES, STATE, Sampling, read_state, settled_traces


def sampling(seen: Situation) -> Iterator[Trouble]:
    """Services whose spans come sampled, by what they say or by parents that never came."""
    known = read_state(seen.store.state(STATE))
    if seen.spans.num_rows:
        # The converter counts traces when they are over; of those it has not counted enough yet, the segments tell.
        counted = Sampling({})
        counted.settle(settled_traces(seen.spans, seen.now))
        for service, counts in read_state(counted.state()).items():
            if service not in known or (known[service].traces < FEWEST_TRACES and not known[service].marked):
                known[service] = counts
    for service, counts in sorted(known.items()):
        if not counts.sampled:
            continue
        share = counts.share
        what = (
            "Spans of {service} come sampled: they say that {share} of the traces are kept."
            if share is not None
            else "Spans of {service} seem to come sampled: {share} of its traces have a parent that never came."
        )
        shown = share if share is not None else counts.broken / max(1, counts.traces)
        yield Trouble(
            "sampling",
            "warning",
            what,
            "send business spans unsampled: OTEL_TRACES_SAMPLER=parentbased_always_on there, and in a Collector a "
            "tail_sampling policy that keeps every trace with a business key (string_attribute).",
            {"service": service, "share": f"{100 * shown:.1f} %"},
        )
