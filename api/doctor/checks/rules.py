"""Spans become events."""

from collections.abc import Iterator

import pyarrow.compute as pc

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble


def rules(seen: Situation) -> Iterator[Trouble]:
    """Spans, but no rule that matches any of them."""
    if not seen.span_rows or seen.event_rows:
        return
    named = pc.binary_join_element_wise(seen.spans["service"].cast("string"), seen.spans["name"].cast("string"), ": ")
    counts = sorted(pc.value_counts(named).to_pylist(), key=lambda each: (-each["counts"], each["values"]))
    yield Trouble(
        "rules",
        "critical",
        "No rule of the mapping matches: {spans} spans, {rules} rules, no event. Most frequent: {frequent}.",
        "houtai mapping suggest --data {data} proposes rules; houtai mapping check tells what each rule misses.",
        {
            "spans": seen.span_rows,
            "rules": len(seen.settings.mapping.activities),
            "frequent": ", ".join(f"{each['values']} ({each['counts']})" for each in counts[:3]),
            "data": seen.data,
        },
    )
