"""A proposal as YAML that works when pasted into `houtai.yaml`, with the figures as comments."""

from collections.abc import Sequence
from typing import Final

import yaml

from collector.settings import ActorRule
from collector.suggest.keys import Key, ObjectType
from collector.suggest.processes import Process
from collector.suggest.proposal import Proposal, RuleOf
from collector.suggest.rehearsal import Rehearsal
from collector.vocabulary.languages import Language, text

_PLACES: Final = ("role", "device", "channel", "platform", "shop", "amount", "fields")
_UNUSED: Final = 12


def as_yaml(proposal: Proposal, tried: Rehearsal, language: Language) -> str:
    """The sections `processes` and `mapping`."""
    lines = [f"# {line}" for line in summary(proposal, tried, language)]
    lines += ["# " + text(language, "Names are made from span names: write what people say instead."), ""]
    lines.append("processes:" if proposal.found else "processes: {}")
    for process in proposal.found:
        lines += _process(process, proposal, tried, language)
    lines += ["", "mapping:", "  objects:"]
    for kind in proposal.objects:
        lines += _objects(kind, proposal, language)
    for key in _unused(proposal):
        note = _note(
            language,
            "left out: {attribute} ({values} ids, each in {traces} traces) leads to no single case",
            attribute=key.attribute,
            values=len(key.traces),
            traces=_number(key.clusters_per_value),
        )
        lines.append(f"    # {note}")
    lines.append("  activities:")
    lines += [line for each in proposal.rules for line in _activity(each, proposal, language)]
    if proposal.people.actors:
        lines.append("  actors:")
        for rule in proposal.mapping.actors:
            lines += _actor(rule, proposal, language)
    for place in _PLACES:
        names: Sequence[str] = getattr(proposal.people, place)
        if names:
            lines += [f"  # {_trait(name, proposal, language)}" for name in names]
            lines.append(f"  {place}: {_flow(list(names))}")
    if proposal.people.fractions:
        note = text(language, "These amounts have decimals: Houtai takes minor units (cents), so send them times 100.")
        lines.append(f"  # {note}")
    empty = {"  objects:": proposal.objects, "  activities:": proposal.rules}
    lines = [f"{line} []" if line in empty and not empty[line] else line for line in lines]
    return "\n".join(lines) + "\n"


def summary(proposal: Proposal, tried: Rehearsal, language: Language) -> list[str]:
    """What was looked at, and how much of it the proposal explains; one sentence a line."""
    message = "Read {spans} spans of {traces} traces in {groups} kinds of span."
    if not proposal.whole:
        message = "Read the first {spans} spans, of {traces} traces, in {groups} kinds of span; there are more."
    lines = [text(language, message, spans=proposal.spans, traces=proposal.traces, groups=len(proposal.groups))]
    if not proposal.found:
        lines.append(
            text(
                language,
                "No attribute recurs as the id of an order or a ticket would: put the id of what the work is about on "
                "at least one span of every request.",
            )
        )
        return lines
    lines += coverage(tried, language)
    for process in proposal.found:
        cases = tried.cases(process.leading.name)
        lines.append(
            text(
                language,
                "Process {process}: {cases} cases, {activities} activities, {mean} events a case.",
                process=process.leading.name,
                cases=len(cases),
                activities=len(process.steps),
                mean=_number(sum(map(len, cases.values())) / max(1, len(cases))),
            )
        )
    return lines


def coverage(tried: Rehearsal, language: Language) -> list[str]:
    """How much of the traffic became events with a case."""
    with_case = sum(event.case is not None for event in tried.events)
    return [
        text(
            language,
            "{events} of {spans} spans are events, {with_case} of them with a case; {tied} of the traces "
            "({explained} of the spans) belong to a case.",
            events=len(tried.events),
            spans=tried.spans,
            with_case=share(with_case, len(tried.events)),
            tied=share(len(tried.tied), tried.traces),
            explained=share(tried.spans_explained, tried.spans),
        )
    ]


def share(part: int, whole: int) -> str:
    """As a percentage."""
    return f"{100 * part / whole:.1f} %" if whole else "0 %"


def scalar(value: str) -> str:
    """A text as YAML wants it inside of `{}` or `[]`."""
    return _flow([value])[1:-1]


def _process(process: Process, proposal: Proposal, tried: Rehearsal, language: Language) -> list[str]:
    name = process.leading.name
    ends = proposal.end_activities.get(name, ())
    lines = [f"  {scalar(name)}:", f"    leading: {scalar(name)}"]
    if ends:
        note = text(language, "seen as the last of nearly every case that has it")
        lines += [f"    # {note}", f"    end_activities: {_flow(list(ends))}"]
    return lines


def _objects(kind: ObjectType, proposal: Proposal, language: Language) -> list[str]:
    lines = []
    for key in kind.keys:
        note = text(
            language,
            "{values} ids on {spans} spans of {services} services; each joins {traces} traces, {recurring} recur",
            values=len(key.traces),
            spans=key.spans,
            services=key.services,
            traces=_number(key.clusters_per_value),
            recurring=f"{100 * key.recurring:.0f} %",
        )
        lines.append(f"    # {note}")
        tie = next((tie for tie in proposal.ties if tie.kind is kind), None)
        if tie is not None:
            note = text(
                language,
                "belongs to {leading} ({ratio}): {joined} of {objects} were seen with exactly one",
                leading=tie.to.name,
                ratio="1:1" if tie.one_to_one else "n:1",
                joined=tie.joined,
                objects=tie.objects,
            )
            lines.append(f"    # {note}")
        lines.append(f"    - {{attribute: {scalar(key.attribute)}, type: {scalar(kind.name)}}}")
    return lines


def _activity(each: RuleOf, proposal: Proposal, language: Language) -> list[str]:
    process = next(process for process in proposal.found if each.step in process.steps)
    note = text(
        language,
        "{spans} spans, in {share} of the cases",
        spans=len(each.fit.group.spans),
        share=share(len(each.fit.cases), process.cases),
    )
    when = []
    for name, value in each.rule.when.model_dump(exclude_defaults=True).items():
        if isinstance(value, dict):
            inner = ", ".join(f"{scalar(key)}: {scalar(text_)}" for key, text_ in value.items())
            when.append(f"{name}: {{{inner}}}")
        else:
            when.append(f"{name}: {scalar(value)}")
    return [
        f"    - activity: {scalar(each.rule.activity)}  # {note}",
        f"      process: {scalar(each.rule.process)}",
        f"      when: {{{', '.join(when)}}}",
    ]


def _actor(rule: ActorRule, proposal: Proposal, language: Language) -> list[str]:
    return [
        f"    # {_trait(rule.attribute, proposal, language)}",
        f"    - {{kind: {rule.kind}, attribute: {scalar(rule.attribute)}}}",
    ]


def _trait(name: str, proposal: Proposal, language: Language) -> str:
    trait = proposal.people.figures[name]
    return _note(
        language,
        "{attribute}: {values} values on {spans} spans, each in {cases} cases",
        attribute=name,
        values=trait.values,
        spans=trait.spans,
        cases=_number(trait.cases_each),
    )


def _unused(proposal: Proposal) -> list[Key]:
    used = {name for kind in proposal.objects for name in kind.attributes}
    used |= {name for _, name in proposal.people.actors}
    return [key for key in proposal.keys if key.attribute not in used][:_UNUSED]


def _flow(values: list[str]) -> str:
    # In double quotes where it could otherwise break the line.
    style = None if all(each.isprintable() for each in values) else '"'
    return yaml.safe_dump(
        values, default_style=style, default_flow_style=True, allow_unicode=True, width=1 << 20
    ).strip()


def _note(language: Language, message: str, **values: object) -> str:
    """A comment; the names in it, which senders chose, begin no line of their own."""
    written = text(language, message, **values)
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in written)


def _number(value: float) -> str:
    return f"{value:.1f}"
