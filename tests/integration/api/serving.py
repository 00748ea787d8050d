"""The real application over a made-up shop, in memory or behind a real server."""

import asyncio
import contextlib
import dataclasses
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from granian.constants import Interfaces
from granian.server.embed import Server

from api.api_settings import ApiSettings
from api.app import create_app
from api.operations import Operations
from collector.vocabulary.languages import LANGUAGES
from mining.arena import Arena
from mining.config import ProcessConfig
from mining.findings import detect
from mining.live.knowledge import Knowledge, Snapshot
from mining.live.register import Register
from mining.reporting import iso, report, view
from mining.settings import DeadlineSettings, PriceSettings
from tests.integration.api import backoffice

TITLES = {"order": {"en": "Order", "zh-CN": "订单"}, "return": {"en": "Return", "zh-CN": "退货"}}


def snapshot(arena: Arena, register: Register, now: int, ends: Sequence[str] = ()) -> Snapshot:
    """What the miner would publish of one process."""
    config = ProcessConfig(
        process=arena.process,
        leading=arena.process,
        end_activities=tuple(ends),
        currency="CNY",
        zone=ZoneInfo("Asia/Shanghai"),
        deadlines=(DeadlineSettings(process=arena.process, within_hours=72),),
        prices=PriceSettings(hour=6000, waiting_hour=120),
    )
    facts = detect(view(arena, config, now))
    reports = {language: report(arena, config, now, language, facts=facts) for language in LANGUAGES}
    states = register.seen({f.id for r in reports.values() for f in r.findings}, now)
    remembered = {
        language: dataclasses.replace(
            r,
            findings=tuple(
                dataclasses.replace(
                    f,
                    first_seen=iso(states[f.id].first_seen),
                    last_seen=iso(states[f.id].last_seen),
                    status=states[f.id].status,
                    owner=states[f.id].owner,
                )
                for f in r.findings
            ),
        )
        for language, r in reports.items()
    }
    return Snapshot(config, arena, facts, now, remembered)


def shop(register: Register, cases: int = 3000, odd: bool = True) -> Knowledge:
    """Both processes of the made-up shop, taken in just now."""
    knowledge = Knowledge()
    made = {
        process: snapshot(backoffice.arena(process, cases, odd=odd), register, backoffice.NOW, backoffice.ENDS[process])
        for process in ("order", "return")
    }
    knowledge.publish(made, time.time_ns() // 1000, 0.0)
    return knowledge


def application(
    folder: Path, knowledge: Callable[[Register], Knowledge], settings: ApiSettings | None = None
) -> FastAPI:
    """The application with its state in `folder`."""
    url = f"sqlite:///{folder / 'state.sqlite'}"
    register = Register(url)
    return create_app(
        knowledge=knowledge(register),
        register=register,
        operations=Operations(url),
        settings=settings or ApiSettings(),
        metrics=lambda: b"# EOF\n",
        ready=lambda: True,
        titles=TITLES,
    )


@contextlib.contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application behind granian on a free port; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    servers: list[Server] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def main() -> None:
        loops.append(asyncio.get_running_loop())
        server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
        servers.append(server)
        await server.serve()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/healthz", timeout=1):
                break
            time.sleep(0.05)
        yield address
    finally:
        loops[0].call_soon_threadsafe(servers[0].stop)
        thread.join(20)
