"""Each check, on a set-up that is broken for real."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from api.cli.app import app
from api.doctor import Trouble, examine
from api.doctor.situation import PROCESSES
from collector.dead_letters import DeadLetters
from collector.running import write_run_file
from collector.store import Manifest
from collector.store.manifest import Changes
from collector.vocabulary.errors import PermanentError
from tests.unit.collector.spans import T0, Bench, append, request, span

CONFIG: dict[str, Any] = {
    "processes": {"order": {"leading": "order"}, "return": {"leading": "return"}},
    "mapping": {
        "objects": [{"attribute": "order.id", "type": "order"}],
        "activities": [{"activity": "Work", "process": "order", "when": {"name": "work"}}],
    },
    "collector": {"port": 0, "grpc_port": None, "metrics_port": 0},
    "api": {"port": 0},
}


class Setup:
    """A data folder and a configuration."""

    def __init__(self, folder: Path) -> None:
        self.data, self.config = folder / "data", folder / "houtai.yaml"
        self.configure()

    def configure(self, **sections: dict[str, Any]) -> None:
        merged = {name: {**CONFIG.get(name, {}), **sections.get(name, {})} for name in {*CONFIG, *sections}}
        self.config.write_text(json.dumps(merged))

    def take_in(self, *bodies: bytes) -> None:
        bench = Bench(self.data).send(*bodies).later()
        bench.converter.close()

    def found(self, check: str) -> list[Trouble]:
        return [each for each in examine(self.config, self.data) if each.check == check]

    def only(self, check: str) -> str:
        (trouble,) = self.found(check)
        assert any("\u4e00" <= c <= "\u9fff" for c in trouble.line("zh-CN"))
        return trouble.line("en")


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


@contextmanager
def running(setup: Setup, *names: str) -> Iterator[subprocess.Popen[bytes]]:
    """A living process that has said in `data/run` that it is those."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        for name in names:
            write_run_file(setup.data, name, "127.0.0.1", 9)
            path = setup.data / "run" / f"{name}.json"
            path.write_text(json.dumps({**json.loads(path.read_text()), "pid": process.pid}))
        yield process
    finally:
        process.kill()
        process.wait()


def good(n: int = 20) -> list[bytes]:
    return [request(span(i, 1, "work", start=i * 20, order_id=f"o{i}")) for i in range(1, n + 1)]


def test_nothing_is_wrong_with_a_good_one(setup: Setup) -> None:
    setup.take_in(*good())
    with running(setup, "receiver", "converter"):
        done = CliRunner(env={"LC_ALL": "en"}).invoke(
            app, ["doctor", "--config", str(setup.config), "--data", str(setup.data)]
        )
    assert (done.exit_code, done.stdout) == (0, "Nothing is wrong.\n")


def test_something_wrong_is_exit_code_1(setup: Setup) -> None:
    arguments = ["doctor", "--config", str(setup.config), "--data", str(setup.data)]
    done = CliRunner(env={"LC_ALL": "zh_CN"}).invoke(app, arguments)
    assert done.exit_code == 1
    assert "处理办法：" in done.stdout
    assert not setup.data.exists(), "a doctor only looks"


def test_a_configuration_that_is_not_there_is_wrong_input(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["doctor", "--config", str(tmp_path / "none.yaml")])
    assert isinstance(done.exception, PermanentError)


def test_invalid_configuration(setup: Setup) -> None:
    setup.config.write_text("collector:\n  prot: 1\n")
    line = setup.only("configuration")
    assert "line 2" in line
    assert "port" in line


def test_a_port_of_somebody_else_and_of_our_own(setup: Setup) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        setup.configure(collector={"port": port})
        assert f"Port {port} of the receiver" in setup.only("ports")
        with running(setup, "receiver"):
            assert not setup.found("ports")
    assert not setup.found("ports")


def test_a_data_folder_that_is_a_file(setup: Setup) -> None:
    setup.data.write_text("")
    assert "it is a file" in setup.only("folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_data_folder_without_the_right_to_write(setup: Setup) -> None:
    setup.data.mkdir(mode=0o500)
    assert "permission denied" in setup.only("folder")


def test_a_read_only_disk(setup: Setup) -> None:
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    read_only = [Path(m[1]) for m in mounts if "ro" in m[3].split(",") and Path(m[1]).is_dir()]
    if not read_only:
        pytest.skip("no read-only mount here")
    setup.data = read_only[0] / "houtai"
    assert "read-only" in setup.only("folder")


def test_a_full_disk(setup: Setup) -> None:
    # The receiver preallocates whole segments: two of these do not fit on any disk.
    setup.configure(collector={"wal_segment_bytes": 1 << 60})
    line = setup.only("folder")
    assert "is full" in line
    assert "MiB are free" in line


def test_no_service_and_half_a_service(setup: Setup) -> None:
    assert "not running" in setup.only("processes")
    with running(setup, "receiver", "converter") as process:
        assert not setup.found("processes")
        with running(setup, "miner") as miner:
            miner.send_signal(signal.SIGKILL)
            miner.wait()
            line = setup.only("processes")
            assert "The miner is not running, while receiver, converter are" in line
            assert str(miner.pid) in line
    assert process.returncode is not None
    assert set(PROCESSES) == {"receiver", "converter", "miner"}


def test_a_backlog(setup: Setup) -> None:
    append(setup.data, *good())
    setup.configure(alerts={"machinery": {"wal_age_seconds": 0.01}})
    time.sleep(0.05)
    assert "20 requests wait" in setup.only("backlog")
    setup.take_in()
    assert not setup.found("backlog")


def test_nothing_ever_came(setup: Setup) -> None:
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in setup.only("requests")
    append(setup.data, *good())
    assert not setup.found("requests")


def test_no_rule_matches(setup: Setup) -> None:
    setup.take_in(*(request(span(i, 1, "other", start=i)) for i in range(1, 30)))
    line = setup.only("rules")
    assert "29 spans, 1 rules, no event. Most frequent: shop: other (29)" in line
    assert "mapping suggest" in line


def test_no_case_key(setup: Setup) -> None:
    setup.take_in(*good(), *(request(span(i, 1, "work", start=i * 20)) for i in range(100, 120)))
    line = setup.only("cases")
    assert "50 % of the events of process order have no case, most of them: Work (20)" in line


def test_clocks_apart(setup: Setup) -> None:
    bodies = good()
    for n in range(200, 220):
        bodies.append(request(span(n, 1, "call", start=n, end=n + 1, kind=3), service="a"))
        bodies.append(request(span(n, 2, "serve", 1, start=n + 90.1, end=n + 90.9, kind=2), service="b"))
    setup.take_in(*bodies)
    assert "The clock of b differs from that of a by +90.00 s" in setup.only("clocks")


def test_clocks_by_what_the_converter_knows(setup: Setup) -> None:
    with closing(Manifest(setup.data)) as manifest:
        state = {"skew:a|b": json.dumps({"offset_us": -5_000_000, "bound_us": 10, "calls": 7})}
        manifest.commit([], 1, 1, Changes(state=state))
    assert "by -5.00 s" in setup.only("clocks")


def test_events_of_the_future(setup: Setup) -> None:
    ahead = time.time() + 3 * 3600 - T0 / 1e9
    setup.take_in(*good(), request(span(99, 1, "work", start=ahead, order_id="o"), service="till"))
    line = setup.only("future")
    assert "1 events begin in the future, by up to 3.0 h; they come from till" in line


def test_sampling_said_and_seen(setup: Setup) -> None:
    setup.take_in(*(request(span(i, 1, "work", 77, start=i, order_id=f"o{i}")) for i in range(1, 80)))
    assert "Spans of shop seem to come sampled: 100.0 %" in setup.only("sampling")
    with closing(Manifest(setup.data)) as manifest:
        state = {"sampling:shop": json.dumps({"spans": 90, "marked": 90, "shares": 9.0})}
        manifest.commit([], manifest.position, manifest.position, Changes(state=state))
    line = setup.only("sampling")
    assert "10.0 % of the traces are kept" in line
    assert "parentbased_always_on" in line


def test_dead_letters(setup: Setup) -> None:
    letters = DeadLetters(setup.data, "converter", CollectorRegistry())
    for number in range(3):
        letters.add("bad_trace_id", f"span {number}", b"x")
    assert "3 dead letters: bad_trace_id; the newest at" in setup.only("dead_letters")
    assert "span 2" in setup.only("dead_letters")


def test_a_miner_that_does_not_answer(setup: Setup) -> None:
    with running(setup, "receiver", "converter", "miner"):
        assert "does not answer at http://127.0.0.1:9" in setup.only("miner")


def test_an_alertmanager_that_does_not_answer(setup: Setup) -> None:
    setup.configure(alerts={"alertmanager": "http://127.0.0.1:9"})
    assert "alerts.alertmanager is http://127.0.0.1:9" in setup.only("addresses")


def test_open_to_all_without_a_token(setup: Setup) -> None:
    setup.configure(collector={"host": "0.0.0.0"})
    assert "collector.token is not set" in setup.only("tokens")


def test_a_key_that_is_gone(setup: Setup) -> None:
    (setup.data / "raw").mkdir(parents=True)
    (setup.data / "raw" / "raw-00000000000000000001-open.bin").write_bytes(b"")
    assert "there is no key" in setup.only("raw_key")


def test_a_broken_segment(setup: Setup) -> None:
    with closing(Manifest(setup.data)) as manifest:
        manifest.commit([], 1, 1, Changes(state={"bad_segment:events-1-1.parquet": "no magic bytes"}))
    assert "events-1-1.parquet cannot be read: no magic bytes" in setup.only("segments")
