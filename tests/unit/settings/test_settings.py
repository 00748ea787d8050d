import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from api.collector_settings import load_collector
from api.configuration import SECTIONS
from api.settings import Settings, load
from collector.vocabulary.errors import PermanentError

ROOT = Path(__file__).resolve().parents[3]

GOOD = """\
timezone: Asia/Shanghai
currency: CNY
processes:
  order: {leading: order, end_activities: [Deliver]}
mapping:
  objects:
    - {attribute: order.id, type: order}
  activities:
    - activity: Ship
      process: order
      when: {service: warehouse}
deadlines:
  - {process: order, within_hours: 72}
collector:
  port: 5318
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "houtai.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_becomes_frozen_settings(tmp_path: Path) -> None:
    settings = load(write(tmp_path, GOOD))
    assert settings.collector.port == 5318
    order = settings.process_config("order")
    assert order.leading == "order"
    assert order.end_activities == ("Deliver",)
    assert order.zone.key == "Asia/Shanghai"
    assert [d.within_hours for d in order.deadlines] == [72]


def test_the_environment_wins_and_leaves_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUTAI_COLLECTOR__MAX_BODY_BYTES", "4096")
    monkeypatch.setenv("HOUTAI_TIMEZONE", "UTC")
    path = write(tmp_path, GOOD)
    settings = load(path)
    assert (settings.collector.max_body_bytes, settings.collector.port, settings.timezone) == (4096, 5318, "UTC")
    assert load_collector(path).collector.max_body_bytes == 4096


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("timezone: UTC\ncurency: CNY\n", "line 2: unknown key 'curency'; did you mean 'currency'?"),
        ("collector:\n  prot: 1\n", "line 2: unknown key 'collector.prot'; did you mean 'port'?"),
        ("collector:\n  port: many\n", "line 2: collector.port: Input should be a valid integer"),
        (GOOD.replace("service: warehouse", "servce: warehouse"), "unknown key 'mapping.activities.0.when.servce'"),
        (GOOD.replace("service: warehouse", "servce: warehouse"), "line 11"),
        ("processes:\n  order: {leadin: order}\n", "line 2"),
        ("processes:\n  order: {leadin: order, leading: o}\n", "did you mean 'leading'?"),
        ("timezone: Asia/Shanghia\n", "line 1: timezone: 'Asia/Shanghia' is no time zone"),
        ("deadlines:\n- {process: orders, within_hours: 1}\n", "line 2: process 'orders' is not under `processes`"),
        ("timezone: UTC\ntimezone: UTC\n", "line 2: 'timezone' stands there twice"),
        ("timezone: [\n", "not YAML"),
        ("- a\n", "expected sections"),
        ("zzz: 1\n", "known here: alerts"),
    ],
)
def test_a_wrong_file_is_told_by_line_and_key(tmp_path: Path, text: str, told: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(PermanentError) as error:
        load(path)
    assert told in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="no such file"):
        load(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PermanentError, match="cannot be read"):
        load(tmp_path / "binary.yaml")


def test_the_collector_alone_refuses_unknown_sections_too(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="line 1: unknown key 'colector'"):
        load_collector(write(tmp_path, "colector: {}\n"))
    with pytest.raises(PermanentError, match=r"collector\.port"):
        load_collector(write(tmp_path, "collector: {port: x}\n"))


def test_ways_in_are_in_the_zone_of_the_configuration(tmp_path: Path) -> None:
    table = "tables: [{name: orders, table: orders, key: [id]}]"
    databases = f"[{{name: a, url: 'sqlite://', {table}}}, {{name: b, url: 'sqlite://', timezone: UTC, {table}}}]"
    path = write(tmp_path, f"timezone: Asia/Shanghai\ncollector: {{databases: {databases}}}\n")
    assert [each.timezone for each in load_collector(path).collector.databases] == ["Asia/Shanghai", "UTC"]


def test_the_sections_are_those_of_the_settings() -> None:
    assert set(SECTIONS) == set(Settings.model_fields)


@pytest.mark.parametrize(
    ("modules", "never"),
    [
        ("api.cli.collector, api.cli.serve, collector.receiver, collector.sources", ("numba", "pandas", "grpc")),
        ("collector.converter", ("pandas",)),
    ],
)
def test_the_collector_loads_nothing_of_mining(modules: str, never: tuple[str, ...]) -> None:
    unwanted = ("mining", "pm4py", "alerts", "dashboards", *never)
    code = (
        "import sys\n"
        "from api.collector_settings import load_collector\n"
        f"import {modules}\n"
        "load_collector(None)\n"
        f"print([m for m in {unwanted} if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=dict(os.environ))
    assert done.stdout.strip() == "[]", done.stderr


def test_the_example_configuration_is_whole() -> None:
    path = ROOT / "houtai.yaml"
    settings = load(path)
    assert settings.processes
    text = path.read_text(encoding="utf-8")
    for section in SECTIONS:
        assert f"\n{section}:" in text or f"\n# {section}:" in text, section


def test_every_setting_is_in_the_example() -> None:
    text = (ROOT / "houtai.yaml").read_text(encoding="utf-8")
    rarely = {"errors.burns"}

    def keys(model: type[BaseModel], section: str) -> Iterator[tuple[str, str]]:
        for name, info in model.model_fields.items():
            yield section, info.alias or name
            for inner in (info.annotation, *get_args(info.annotation)):  # a section, or the items of a list or dict
                if isinstance(inner, type) and issubclass(inner, BaseModel) and f"{section}.{name}" not in rarely:
                    yield from keys(inner, name)

    missing = [
        f"{section}.{key}"
        for section, key in keys(Settings, "")
        if not re.search(rf"\b{key}:", text) and f"{section}.{key}" not in rarely
    ]
    assert not missing
