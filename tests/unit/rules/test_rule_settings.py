"""Section `rules`: what can be said, and how what can't be is told."""

from pathlib import Path

import pytest

from api.settings import load
from collector.vocabulary.errors import PermanentError
from mining.story.rules import called

HEAD = "processes:\n  order: {leading: order}\nrules:\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "houtai.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_rules_reach_their_process(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "processes:\n  order: {leading: order}\n  return: {leading: return}\nrules:\n"
        "  - {id: one, process: order, template: precedence, source: Pay, target: [Ship, Hand over], within_hours: 2}\n"
        "  - {id: two, process: return, template: absence, activity: Lose, when: [{field: score, is: 60}]}\n",
    )
    (one,) = load(path).process_config("order").rules
    assert (one.source, one.target, one.within_hours, one.severity) == (("Pay",), ("Ship", "Hand over"), 2, "warning")
    (two,) = load(path).process_config("return").rules
    assert two.when[0].is_ == ("60",)
    assert called(two, "zh-CN") == "任何单都没有「Lose」（限score = 60）"
    assert called(one, "en") == "Ship or Hand over needs Pay before it (within 2 h)"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "{id: a, process: orders, template: init, activity: Pay}",
            "line 4: process 'orders' is not under `processes`",
        ),
        (
            "{id: a, process: order, template: before, source: Pay, target: Ship}",
            "line 4: rules.0.template: Input should",
        ),
        (
            "{id: a, process: order, template: precedence, target: Ship}",
            "line 4: rules.0: rule 'a': precedence needs `so",
        ),
        ("{id: a, process: order, template: init, source: Ship}", "rule 'a': init needs `activity`: name an activity"),
        ("{id: a, process: order, template: init, activity: ''}", "rule 'a': init needs `activity`: name an activity"),
        (
            "{id: a, process: order, template: init, activity: A, target: B}",
            "rule 'a': init takes `activity`, not `sou",
        ),
        (
            "{id: a, process: order, template: end, activity: A, within_hours: 1}",
            "rule 'a': `within_hours` is for templ",
        ),
        (
            "{id: a, process: order, template: end, activity: A, at_most: 1}",
            "rule 'a': `at_most` is for existence only",
        ),
        (
            "{id: a, process: order, template: existence, activity: A, at_least: 3, at_most: 1}",
            "rule 'a': at_least, 3, is more than at_most, 1",
        ),
        (
            "{id: a, process: order, template: response, source: A, target: B, within_hours: 1, not_before_hours: 2}",
            "rule 'a': not_before_hours, 2, is more than within_hours, 1",
        ),
        (
            "{id: a, process: order, template: succession, source: A, target: B, counts_when: [{field: x, is: y}]}",
            "rule 'a': `counts_when` is not for succession",
        ),
        (
            "{id: a, process: order, template: init, activity: A, when: [{field: amount}]}",
            "rules.0.when.0: condition on 'amount': say is, is_not, above",
        ),
        (
            "{id: a, process: order, template: init, activity: A, when: [{field: amount, over: 3}]}",
            "line 4: unknown key 'rules.0.when.0.over'",
        ),
        ("{id: a b, process: order, template: init, activity: A}", "line 4: rules.0.id: String should match"),
        ("{id: a, process: order, template: init, activity: A, sevrity: info}", "did you mean 'severity'?"),
        (
            "{id: a, process: order, template: init, activity: A}\n"
            "  - {id: a, process: order, template: end, activity: A}",
            "line 5: rules.1.id: 'a' is the id of another rule",
        ),
    ],
)
def test_what_cannot_be_is_told_by_line_rule_and_field(tmp_path: Path, line: str, told: str) -> None:
    path = written(tmp_path, f"{HEAD}  - {line}\n")
    with pytest.raises(PermanentError) as error:
        load(path)
    assert str(path) in str(error.value)
    assert told in str(error.value)
