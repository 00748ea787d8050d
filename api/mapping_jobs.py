"""What `houtai mapping` does, apart from the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from api.collector_settings import load_collector
from collector.settings import MappingSettings, ProcessSettings
from collector.suggest.checking import Check, check
from collector.suggest.proposal import Proposal, propose
from collector.suggest.reading import Input
from collector.suggest.rehearsal import Rehearsal, rehearse
from collector.suggest.traffic import gather
from collector.vocabulary.errors import PermanentError


def source(files: Sequence[Path], data: Path, config: Path | None) -> Input:
    """Where raw requests are read from; the key of the archive is the configuration's."""
    return Input(files, data, load_collector(config).retention.raw_key_file)


def suggest_mapping(given: Input) -> tuple[Proposal, Rehearsal]:
    """A proposal, and what the converter makes of the same spans with it. Raises PermanentError without spans."""
    try:
        proposal = propose(given)
    except PermanentError as error:
        raise PermanentError(_why_nothing(given, error)) from error
    given.limit = proposal.requests
    tried = rehearse(given, proposal.mapping, proposal.processes)
    proposal.end_activities = {name: tried.ends(name) for name in proposal.processes}
    return proposal, tried


def check_mapping(
    given: Input, mapping: MappingSettings, processes: Mapping[str, ProcessSettings]
) -> tuple[Check, Rehearsal]:
    """How a mapping fits. Raises PermanentError without spans."""
    traffic = gather(given)
    if not traffic.spans:
        raise PermanentError(_why_nothing(given, "there are no spans to check the mapping with"))
    given.limit = traffic.requests
    tried = rehearse(given, mapping, processes)
    return check(traffic, mapping, processes, tried), tried


def _why_nothing(given: Input, why: object) -> str:
    if given.unreadable:
        place, reason = given.unreadable[0]
        return f"{place}: {reason}"
    if not given.files:
        return f"{given.data}: {why} (raw requests of the log are deleted after conversion; see retention.raw_hours)"
    return f"{', '.join(map(str, given.files))}: {why}"
