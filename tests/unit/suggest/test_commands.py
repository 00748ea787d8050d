"""`houtai mapping suggest` and `check`, as people call them."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from typer.testing import CliRunner

from api.cli.app import app
from api.settings import Settings
from collector.raw import RawArchive, load_key
from collector.suggest.reading import Input
from collector.vocabulary.errors import PermanentError
from collector.wal import Encoding, WalReader
from tests.unit.collector.spans import append
from tests.unit.suggest.shapes import claims, hospital

CLAIMS = claims(1)[0]


def run(*arguments: object, lang: str = "en") -> Any:
    return CliRunner(env={"LC_ALL": lang}).invoke(app, ["mapping", *map(str, arguments)])


def as_json(request: bytes) -> str:
    """OTLP/JSON as the Collector's file exporter writes it: ids in hex."""

    def hexed(node: Any) -> Any:
        if isinstance(node, list):
            return [hexed(each) for each in node]
        if isinstance(node, dict):
            ids = ("traceId", "spanId", "parentSpanId")
            return {k: base64.b64decode(v).hex() if k in ids else hexed(v) for k, v in node.items()}
        return node

    return json.dumps(
        hexed(json_format.MessageToDict(ExportTraceServiceRequest.FromString(request), use_integers_for_enums=True))
    )


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    path = tmp_path / "traces.jsonl"
    path.write_text("".join(as_json(each) + "\n" for each in CLAIMS))
    return path


def test_the_proposal_works_when_pasted(exported: Path, tmp_path: Path) -> None:
    out = tmp_path / "houtai.yaml"
    done = run("suggest", exported, "--out", out)
    assert done.exit_code == 0, done.output
    assert "belong to a case" in done.stderr
    Settings(**yaml.safe_load(out.read_text(encoding="utf-8")))
    checked = run("check", exported, "--config", out)
    assert checked.exit_code == 0, checked.output
    assert "never matches" not in checked.stdout
    assert "100.0 % of them with a case" in checked.stdout


def test_names_that_senders_chose_stay_in_their_place(exported: Path, tmp_path: Path) -> None:
    odd = exported.read_text()
    for name in ("claim", "handler", "session_id", "policy"):
        odd = odd.replace(f'"key": "{name}"', f'"key": "{name}\\nmining: {{\\u0085# \\u2028.id"')
    exported.write_text(odd)
    out = tmp_path / "houtai.yaml"
    assert run("suggest", exported, "--out", out).exit_code == 0
    written = yaml.safe_load(out.read_text(encoding="utf-8"))
    assert set(written) == {"processes", "mapping"}
    assert Settings(**written).mapping.objects[0].attribute.endswith("\nmining: {\x85# \u2028.id")


def test_a_file_that_cannot_be_written_is_told(exported: Path, tmp_path: Path) -> None:
    done = run("suggest", exported, "--out", tmp_path / "none" / "houtai.yaml")
    assert isinstance(done.exception, PermanentError)


def test_every_way_of_reading_gives_the_same_proposal(exported: Path, tmp_path: Path) -> None:
    framed, packed, data = tmp_path / "t.pb", tmp_path / "t.jsonl.gz", tmp_path / "data"
    framed.write_bytes(b"".join(len(each).to_bytes(4, "big") + each for each in CLAIMS))
    packed.write_bytes(gzip.compress(exported.read_bytes()))
    append(data, *(gzip.compress(each) for each in CLAIMS), encoding=Encoding.GZIP)
    # Half of another folder is converted already: its requests are in the archive.
    kept = tmp_path / "kept"
    append(kept, *CLAIMS)
    archive = RawArchive(kept, load_key(kept))
    reader = WalReader(kept / "wal")
    archive.add(reader.read(1 << 30, 2))
    reader.close()
    archive.close()
    wanted = run("suggest", exported).stdout
    assert wanted.startswith("# Read ")
    for given in ((framed,), (packed,), ("--data", data), ("--data", kept)):
        assert run("suggest", *given).stdout == wanted


def test_chinese_terminals_get_chinese_comments(exported: Path) -> None:
    done = run("suggest", exported, lang="zh_CN.UTF-8")
    assert "业务流程 claim" in done.stderr
    assert "平均每个串起" in done.stdout


def test_the_nearest_miss_of_a_rule_is_told(exported: Path, tmp_path: Path) -> None:
    config = tmp_path / "houtai.yaml"
    config.write_text(
        """
processes: {claim: {leading: claim}}
mapping:
  objects: [{attribute: claim, type: claim}]
  activities:
    - {activity: Pay, process: claim, when: {service: ledger, name: pay claims}}
    - {activity: Settle, process: claim, when: {service: bank, kind: server}}
    - {activity: Assess, process: claim, when: {attributes: {assessor: "*"}, service: desk}}
    - {activity: Desk, process: claim, when: {service: desk}}
    - {activity: Again, process: claim, when: {service: desk, name: PUT*}}
    - {activity: Bank, process: claim, when: {service: bank}}
"""
    )
    done = run("check", exported, "--config", config)
    assert done.exit_code == 1
    assert "spans whose name is 'pay claim', 'POST' instead of 'pay claims'" in done.stdout
    assert "spans whose kind is 'consumer' instead of 'server'" in done.stdout
    assert "spans that have no assessor (wanted: '*')" in done.stdout
    assert "400 it matches are taken by earlier rules" in done.stdout
    # The bank knows payments only, and this mapping does not.
    assert "claim: no span around them names an object (Bank)" in done.stdout
    assert "  site" in done.stdout.split("Services without any rule:")[1]
    assert "从不匹配" in run("check", exported, "--config", config, lang="zh_CN").stdout


def test_bad_lines_are_told_and_the_rest_is_read(exported: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}\n{"logs": 1}\nno\n')
    with broken.open("a") as file:
        file.write(exported.read_text())
    done = run("suggest", broken)
    assert done.exit_code == 0
    assert "broken.jsonl, line 1: 'xyz' is not hex" in done.stderr
    assert "line 2: has no resourceSpans" in done.stderr
    assert "line 3: " in done.stderr


def test_traffic_without_a_key_says_what_to_do(tmp_path: Path) -> None:
    beats = list(hospital(1, tickets=2)[0])
    path = tmp_path / "t.bin"
    path.write_bytes(beats[0])
    done = run("suggest", path)
    assert done.exit_code == 1
    assert "No attribute recurs" in done.stderr
    assert yaml.safe_load(done.stdout)["processes"] == {}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.jsonl", None, "there is no such file"),
        ("t.txt", b"x", "no file with OTLP by its ending"),
        ("t.jsonl", b"nothing\n", "line 1"),
        ("t.pb", b"\xff\xff\xff\xff", "t.pb"),
        ("t.json.gz", b"no gzip", "cannot be read"),
    ],
)
def test_wrong_input_is_one_clear_line(tmp_path: Path, name: str, content: bytes | None, says: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = run("suggest", tmp_path / name)
    assert isinstance(done.exception, PermanentError)
    assert says in str(done.exception)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="no such data folder"):
        Input(data=tmp_path / "none")
    done = run("suggest", "--data", tmp_path)
    assert "raw requests" in str(done.exception)
