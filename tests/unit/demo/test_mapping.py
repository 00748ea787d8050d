from datetime import UTC, datetime
from pathlib import Path

from api.settings import load
from collector.demo import history
from collector.demo.traffic import Traffic
from collector.demo.world import Plan
from tests.unit.demo.reading import CONFIG, mapping, read

NOW = datetime(2026, 3, 18, 7, 30, tzinfo=UTC)
DOCS = Path(__file__).resolve().parents[3] / "docs" / "demo.md"


def test_the_demo_runs_on_its_own_configuration() -> None:
    settings = load(CONFIG)
    assert set(settings.processes) == {"order", "return"}
    assert settings.currency == "CNY"


def test_every_rule_of_the_mapping_is_used() -> None:
    rules, processes = mapping()
    reading = read(span for batch in history(5, 12, 1500, now=NOW) for span in batch)
    seen = {(name, e.activity) for name, cases in reading.cases.items() for events in cases.values() for e in events}
    assert seen == {(rule.process, rule.activity) for rule in rules.activities}
    for name, process in processes.items():
        assert {(name, activity) for activity in process.end_activities} <= seen


def test_every_problem_is_described() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for name in Traffic(Plan(1, 14, 10, False, 1_773_822_600_000_000)).world.truths.by_name:
        assert f"`{name}`" in text
