"""Ports are free, or ours."""

from collections.abc import Iterator

from api.doctor.situation import Situation
from api.doctor.trouble import Trouble
from collector.running import usable_port
from collector.vocabulary.errors import PermanentError


def ports(seen: Situation) -> Iterator[Trouble]:
    """A port that somebody else has taken, told apart from our own service by its run files."""
    collector, api = seen.settings.collector, seen.settings.api
    wanted = [
        ("receiver", collector.host, collector.port, "collector.port"),
        ("receiver", collector.host, collector.grpc_port, "collector.grpc_port"),
        ("converter", collector.host, collector.metrics_port, "collector.metrics_port"),
        ("miner", api.host, api.port, "api.port"),
    ]
    for name, host, port, setting in wanted:
        ours = seen.running.get(name)
        if not port or (ours is not None and ours.alive):
            continue
        try:
            usable_port(host, port, setting)
        except PermanentError as error:
            yield Trouble(
                "ports",
                "critical",
                "Port {port} of the {process} is taken by somebody else ({reason}).",
                "stop what listens there (`ss -ltnp` names it), or set {setting} to another port.",
                {"port": port, "process": name, "setting": setting, "reason": error},
            )
