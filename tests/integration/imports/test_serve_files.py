"""A running service takes files in: from a watched folder and by command; its report says what `houtai mine` says."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_serve import free_port, wait_for

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
STEPS = ("下单", "审核", "发货", "签收")
PARTS = ("log", "nodes", "edges", "variants", "cases", "roles", "handovers", "transitions")


def export_of_orders(cases: int) -> str:
    """A CSV as an ERP writes it; later ones begin with the lines of earlier ones."""
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=20)
    lines = ["订单号,环节,开始时间,结束时间,操作人,岗位"]
    for case in range(cases):
        for place, step in enumerate(STEPS):
            if place == 1 and case % 3 == 0:
                continue
            start = begin + timedelta(hours=case, minutes=17 * place)
            end = start + timedelta(minutes=5 + case % 4)
            times = f"{start:%Y-%m-%d %H:%M},{end:%Y-%m-%d %H:%M}"
            lines.append(
                f"{case:06},{step},{times},{'李雷' if case % 2 else '韩梅梅'},{'客服' if place < 2 else '仓库'}"
            )
    return "\n".join(lines) + "\n"


def houtai(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def serving(config: Path, data: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    with (data.parent / "stderr.txt").open("ab") as log:
        service = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "serve", "--config", str(config), "--data", str(data)],
            cwd=ROOT,
            env={**os.environ, "HOUTAI_API__PORT": str(port)},
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        yield service
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(60)


def test_folder_and_command(tmp_path: Path) -> None:
    exports, data, port = tmp_path / "exports", tmp_path / "data", free_port()
    exports.mkdir()
    config = tmp_path / "houtai.yaml"
    folder = {"path": str(exports), "process": "order", "every_seconds": 0.3, "settle_seconds": 0.3}
    config.write_text(
        json.dumps(
            {
                "processes": {"order": {"leading": "order"}, "later": {"leading": "order"}},
                "collector": {"port": 0, "metrics_port": 0, "batch_seconds": 0.1, "folders": [folder]},
                "mining": {"interval_seconds": 0.3},
            }
        )
    )

    def report(process: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/processes/{process}/report", timeout=20) as answer:
            told: dict[str, Any] = json.load(answer)
            return told

    def until(process: str, events: int) -> dict[str, Any]:
        def there() -> dict[str, Any] | None:
            told = report(process)
            assert told["log"]["events"] <= events
            return told if told["log"]["events"] == events else None

        return wait_for(there, 90, f"{events} events of {process}")

    def as_mined(log: Path, told: dict[str, Any]) -> None:
        mined = json.loads(houtai("mine", str(log), "--json", "-", "--process", told["process"]))
        for part in PARTS:
            assert told[part] == mined[part], part

    log = exports / "orders.csv"
    with serving(config, data, port):
        for cases in (30, 45):
            log.write_text(export_of_orders(cases))
            told = until("order", export_of_orders(cases).count("\n") - 1)
            as_mined(log, told)
        # A kill of the converter while a file waits changes nothing.
        by_hand = tmp_path / "by-hand.csv"
        by_hand.write_text(export_of_orders(200))
        arguments = ["import", str(by_hand), "--process", "later", "--data", str(data), "--config", str(config)]
        command = subprocess.Popen([sys.executable, "-m", "api.cli", *arguments], cwd=ROOT, stdout=subprocess.PIPE)
        inbox = data / "inbox"
        while command.poll() is None and not (inbox.exists() and list(inbox.glob("*.parquet"))):
            time.sleep(0.005)
        os.kill(json.loads((data / "run" / "converter.json").read_text())["pid"], signal.SIGKILL)
        said = command.communicate(timeout=60)[0].decode()
        assert command.returncode == 0
        assert "already" not in said
        as_mined(by_hand, until("later", export_of_orders(200).count("\n") - 1))
        assert "already; nothing was changed" in houtai(*arguments, "--lang", "en")
    kept = houtai("export", "events", "--out", "-", "--columns", "event_id", "--data", str(data)).splitlines()
    assert len(kept) == len(set(kept)) == export_of_orders(45).count("\n") + export_of_orders(200).count("\n") - 1
