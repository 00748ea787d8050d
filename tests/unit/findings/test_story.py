"""Stories: every word in both languages, ids that stay, severities of the contract."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

import mining
from collector.vocabulary.languages import LANGUAGES, Language, has_text, word
from mining.findings import detect
from mining.findings.facts import Fact, Gain, View
from mining.settings import MiningSettings, PriceSettings
from mining.story import hours, humanise, tell
from mining.story.sentences import TELLERS
from mining.story.tell import severity, urgency
from tests.helpers import DAY, T0, log
from tests.unit.findings.shop import Team, look, shop

ROOT = Path(mining.__file__).parent
FOLDERS = ("findings", "story")


def messages() -> list[str]:
    found = []
    for path in sorted(p for folder in FOLDERS for p in (ROOT / folder).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "text":
                message = node.args[1]
                if isinstance(message, ast.Constant):
                    found.append(str(message.value))
                else:
                    assert "story" not in path.parts, f"{path}:{node.lineno}: the message must stand there in full"
    return found


def levers() -> set[str]:
    owners = {"front_end", "business", "system", "role"}
    found = set()
    for path in sorted((ROOT / "findings").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Tuple(elts=[ast.Constant(value=str(lever)), ast.Constant(value=str(owner))]) if (
                    owner in owners
                ):
                    found.add(lever)
                case _:
                    pass
    return found


@pytest.mark.parametrize("message", sorted({*messages()}))
def test_every_message_has_its_chinese(message: str) -> None:
    assert has_text("zh-CN", message)


def test_every_lever_has_its_chinese() -> None:
    assert len(levers()) > 10
    for lever in levers():
        assert has_text("zh-CN", lever, "lever"), lever


def test_places_in_a_message_are_the_same_in_both_languages() -> None:
    import gettext
    import re

    from collector.vocabulary import languages

    catalogue = languages._catalogue("zh-CN")
    assert isinstance(catalogue, gettext.GNUTranslations)
    for message in messages():
        ours = {*re.findall(r"{(\w+)}", message)}
        theirs = {*re.findall(r"{(\w+)}", catalogue.gettext(message))}
        assert theirs <= ours | {"number"}, message


@pytest.fixture(scope="module")
def sick() -> View:
    found, now = shop(
        4,
        cases=1500,
        review=Team("reviewer", 4, 4, 8, 18, slower=lambda a, t: 2.0 if a == "reviewer 1" else 1.0),
        skip_review=lambda n, channel: n % 40 == 0,
        correct=lambda channel, at: channel == "livestream" and at % 5 == 0,
        failing=lambda at, platform: 0.08 if at > T0 + 9 * DAY else 0.002,
        stuck=lambda n: n % 100 == 7,
    )
    return look(found, now)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_is_wrong_is_told(sick: View, language: Language) -> None:
    findings = tell(detect(sick), sick, "order", language)
    severe = {finding.name for finding in findings if finding.severity != "info"}
    assert severe == {"waiting", "rare_path", "rework_loop", "timeout", "stuck_case", "slow_role"}
    for finding in findings:
        assert finding.title
        assert finding.story
        assert "{" not in finding.title + finding.story
        assert "\n" not in finding.title
        assert len(finding.evidence.cases) <= 5
        assert finding.suggestions
        assert all(suggestion.detail for suggestion in finding.suggestions)
        if language == "zh-CN":
            assert any("一" <= letter <= "鿿" for letter in finding.story)


def test_findings_keep_their_ids_in_both_languages_and_over_time(sick: View) -> None:
    facts = detect(sick)
    english, chinese = (tell(facts, sick, "order", language) for language in LANGUAGES)
    assert [f.id for f in english] == [f.id for f in chinese]
    assert len({f.id for f in english}) == len(english)
    assert {f.id for f in tell(facts, replace(sick, now=sick.now + DAY), "order", "en")} == {f.id for f in english}
    assert not {f.id for f in english} & {f.id for f in tell(facts, sick, "return", "en")}


def test_the_worst_comes_first(sick: View) -> None:
    findings = tell(detect(sick), sick, "order", "en")
    ranks = [(("critical", "warning", "info").index(f.severity), -f.impact.hours_per_week) for f in findings]
    assert ranks == sorted(ranks)


def fact(**more: object) -> Fact:
    plain = Fact("bottleneck", "waiting", {"activity": "b", "source": "a", "target": "b"}, 0.9, 5, 0.5, 10.0, ())
    return replace(plain, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "level", "soon"),
    [
        ({}, "warning", "ticket"),
        ({"confidence": 0.7}, "info", "digest"),
        ({"share": 0.001}, "warning", "ticket"),
        ({"share": 0.001, "hours_per_week": 1.0}, "info", "digest"),
        ({"share": 0.001, "hours_per_week": 0.0, "money_per_week": 100}, "warning", "page"),
        ({"stopped": True, "confidence": 0.1}, "critical", "page"),
        ({"burst": True, "confidence": 0.1}, "warning", "page"),
    ],
)
def test_severity_and_urgency(more: dict[str, object], level: str, soon: str) -> None:
    settings = MiningSettings()
    assert (severity(fact(**more), settings), urgency(fact(**more), settings)) == (level, soon)


def test_money_comes_from_prices() -> None:
    found = log("ab")
    view = View(found, int(found.end.max()), (), MiningSettings(), prices=PriceSettings(waiting_hour=250))
    (finding,) = tell([fact()], view, "p", "en")
    assert finding.impact.money_per_week == 2500
    (finding,) = tell([fact()], replace(view, prices=PriceSettings()), "p", "en")
    assert finding.impact.money_per_week is None


def test_a_teller_for_every_detector() -> None:
    from mining.findings import DETECTORS

    assert {*TELLERS} == {detector.__name__ for detector in DETECTORS}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0.25, "250 ms", "250毫秒"),
        (2.5, "2.5 s", "2.5秒"),
        (45, "45 s", "45秒"),
        (90, "1.5 min", "1.5分钟"),
        (1500, "25 min", "25分钟"),
        (9.4 * 3600, "9.4 h", "9.4小时"),
        (3600, "1 h", "1小时"),
        (51 * 3600, "2 d 3 h", "2天3小时"),
        (48 * 3600, "2 d", "2天"),
        (20 * 86400, "20 d", "20天"),
        (-90, "−1.5 min", "−1.5分钟"),
        (0, "0 s", "0秒"),
        (3599, "1 h", "1小时"),
    ],
)
def test_durations(seconds: float, english: str, chinese: str) -> None:
    assert (humanise(seconds, "en"), humanise(seconds, "zh-CN")) == (english, chinese)


def test_hours() -> None:
    assert [hours(n, "en") for n in (3.25, 180.4, 1234, 123456)] == ["3.2 h", "180 h", "1,230 h", "123,500 h"]
    assert hours(180, "zh-CN") == "180小时"
    assert word("zh-CN", "name", "bottleneck/waiting") == "等待过长"


WAIT = {"p50_s": 600.0, "p90_s": 7200.0, "extra_s": 900.0, "part_of_all": 0.2, "part": 0.7, "ratio": 3.0}
ODD = {"between": "x, y", "usual_share": 0.97, "first": "c"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "told",
    [
        *(
            fact(figures={**WAIT, "pattern": pattern}, since=T0, levers=levers)
            for pattern, levers in (
                ("unattended", (("cover_hours", "business"), ("automate_simple", "system"))),
                ("batched", (("release_often", "business"), ("trigger_at_once", "system"))),
                ("contended", (("add_capacity", "business"),)),
                ("risen", (("undo_change", "system"),)),
                ("outside", (("find_cause", "business"),)),
                ("steady", (("find_cause", "business"),)),
            )
        ),
        fact(
            figures={**WAIT, "pattern": "uneven"},
            segment=(("shop", "east", 4.0, 90, 0.001),),
            levers=(("fix_segment", "business"),),
        ),
        fact(figures={**WAIT, "pattern": "uneven"}, levers=(("fix_segment", "business"),)),
        *(
            fact(
                kind="deviation",
                name="rare_path",
                figures={**ODD, "how": how, **more},
                levers=(("block_shortcut", "system"),),
            )
            for how, more in (
                ("order", {}),
                ("skip", {}),
                ("exempt", {"needed_by": "amount"}),
                ("exempt", {}),
                ("shortcut", {"explained_by": "platform"}),
            )
        ),
        fact(kind="error", name="system_error", figures={"rate": 0.1, "recent": 12}, burst=True),
        fact(
            kind="stall",
            name="stuck_case",
            figures={"usual_s": 0.0, "p99_s": 60.0, "customer": 1, "came_back": 1},
            deadlines_missed=3,
            since=T0,
        ),
        *(
            fact(
                kind="role",
                name="slow_role",
                subject={"role": "r", "activity": "a"},
                figures={"part": part, "ratio": 2.0},
            )
            for part in ("past", "role", "shop", "actor")
        ),
    ],
)
def test_every_kind_of_story(told: Fact, language: Language) -> None:
    found = log("ab")
    view = View(found, int(found.end.max()), (), MiningSettings())
    (finding,) = tell([told], view, "p", language)
    for sentence in (finding.title, finding.story, *(s.detail for s in finding.suggestions)):
        assert sentence.strip()
        assert "{" not in sentence
        assert "None" not in sentence
    assert not finding.title.endswith(".")


def test_the_first_lever_says_what_it_gains() -> None:
    found = log("ab")
    view = View(found, int(found.end.max()), (), MiningSettings())
    told = fact(
        figures={**WAIT, "pattern": "batched"},
        gains={"release_often": Gain(10.04, 8.0, 12.0)},
        levers=(("release_often", "business"), ("trigger_at_once", "system")),
    )
    (finding,) = tell([told], view, "p", "en")
    assert finding.suggestions[0].gain_hours_per_week == 10.0
    assert finding.suggestions[0].interval == (8.0, 12.0)
    assert finding.suggestions[1].gain_hours_per_week is None
