"""A report document with everything filled in, as it will be once causes are known; the figures are made up."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from api.bottlenecks.build import bottleneck_report
from api.bottlenecks.context import CAUSES, Context, Standing
from api.bottlenecks.material import material
from api.bottlenecks.model import BottleneckReport
from collector.vocabulary.languages import Language
from mining.arena import Arena, Quality
from mining.bottlenecks.measuring import Subject, afterwards, baseline
from mining.bottlenecks.redesign import compare
from mining.config import ProcessConfig
from mining.report import Cause, Causes, Evidence, Finding, Impact, Report, Segment, Suggestion, Transition
from mining.reporting import report
from mining.settings import PriceSettings
from tests.helpers import DAY, HOUR, MINUTE, T0, arena, event

ZONE = ZoneInfo("Asia/Shanghai")
CONFIG = ProcessConfig("return", "return", currency="CNY", zone=ZONE, prices=PriceSettings(hour=6000, waiting_hour=120))
NAMES: dict[Language, dict[str, str]] = {
    "en": {},
    "zh-CN": {
        "Request return": "提交退货申请",
        "Check": "客服初审",
        "Approve": "退货审批",
        "Pick up": "上门取件",
        "Inspect": "仓库质检",
        "Refund": "退款",
        "refund clerk": "退款专员",
        "warehouse": "仓库",
        "customer": "顾客",
        "service desk": "客服",
        "courier": "快递",
        "livestream": "直播",
        "search": "搜索",
    },
}
STEPS = (("Request return", "customer"), ("Check", "service desk"), ("Approve", "refund clerk"))
REST = (("Pick up", "courier"), ("Inspect", "warehouse"), ("Refund", "refund clerk"))

FINDING = Finding(
    id="0f1e2d3c4b5a6978",
    process="return",
    kind="bottleneck",
    name="waiting",
    subject={"source": "Check", "target": "Approve"},
    severity="warning",
    urgency="ticket",
    confidence=0.93,
    title="Approve: nobody on duty from 20 to 24 h, cases wait 9.4 h longer",
    story="In the last 7 days 312 returns waited 9.4 h longer on average because nobody is on duty at Approve at night "
    "(71 % of their waiting), mostly from livestream.",
    impact=Impact(cases=312, share=0.41, hours_per_week=251.0, money_per_week=3_012_000, deadlines_missed=37),
    cause=Cause(
        "unavailability",
        {
            "batching": 0.04,
            "prioritisation": 0.03,
            "contention": 0.17,
            "unavailability": 0.71,
            "extraneous": 0.05,
        },
    ),
    since="2026-02-02T12:00:00Z",
    change={
        "time": "2026-02-02T10:30:00Z",
        "system": "refund-service",
        "what": "3.4.0",
    },
    segment=(
        Segment("channel", "livestream", 2.6, 214, 0.0004),
        Segment("platform", "mini-program", 1.8, 141, 0.02),
    ),
    evidence=Evidence(
        cases=("R-000000000000000123", "R-000000000000000140", "R-000000000000000188", "R-000000000000000201", "88123"),
        traces=("4bf92f3577b34da6a3ce929d0e0e4736", "5c02a4688c45eb7b4df13a0f1f5847"),
        figures={"p50_s": 30_600.0, "p90_s": 52_200.0, "part": 0.71},
    ),
    suggestions=(
        Suggestion("cover_hours", "business", "Put one person on duty from 20 to 24 h.", 180.0, (140.0, 210.0)),
        Suggestion("automate_simple", "system", "Approve simple cases under ¥50 by a rule.", 64.0, (41.0, 80.0)),
    ),
    first_seen="2026-02-03T01:00:00Z",
    last_seen="2026-03-01T16:00:00Z",
)
OTHERS = (
    replace(
        FINDING,
        id="1111222233334444",
        subject={"source": "Pick up", "target": "Inspect"},
        title="Inspect: done in batches, cases wait 5.2 h",
        story="Inspect is done in batches of some 14 at a time, mostly at 9 and 15 h.",
        cause=Cause("batching", {"batching": 0.62, "contention": 0.3, "extraneous": 0.08}),
        impact=Impact(cases=520, share=0.68, hours_per_week=96.0, money_per_week=1_152_000),
        since=None,
        change=None,
        segment=(),
        status="in_redesign",
        suggestions=(Suggestion("release_often", "business", "Release a batch every two hours.", 55.0, (38.0, 71.0)),),
    ),
    replace(
        FINDING,
        id="5555666677778888",
        name="slow_step",
        severity="info",
        subject={"activity": "Refund"},
        title="Refund: takes 22 min with role refund clerk, a third is work done twice",
        story="One in three refunds is entered in two systems.",
        cause=None,
        impact=Impact(cases=88, share=0.11, hours_per_week=14.0),
        since=None,
        change=None,
        segment=(),
        suggestions=(),
        evidence=Evidence((), (), {"p50_s": 1320.0, "p90_s": 2700.0}),
    ),
)
CHINESE = {
    FINDING.id: (
        "退货审批：20–24 点无人当班，多等 9.4 小时",
        "近 7 天，退货审批夜间无人当班，312 单平均多等 9.4 小时（占等待的 71%），集中在直播来源。",
        ("20–24 点安排 1 人值班。", "50 元以下的简单退货按规则自动审批。"),
    ),
    OTHERS[0].id: (
        "仓库质检：攒批处理，等 5.2 小时",
        "仓库质检每次约 14 单集中处理，多在 9 点和 15 点。",
        ("每两小时放行一批。",),
    ),
    OTHERS[1].id: ("退款：退款专员处理 22 分钟，三分之一是重复录入", "三分之一的退款要在两个系统里各录一遍。", ()),
}


def events(language: Language, weeks: int = 8, a_day: int = 14) -> Arena:
    """Eight weeks of returns; those that come late wait for the morning at Approve, more so from the fifth week on."""
    random = np.random.default_rng(7)
    said = NAMES[language]
    rows = []
    for day in range(weeks * 7):
        for n in range(a_day):
            moment = T0 + day * DAY + int(random.uniform(1, 15) * HOUR)
            channel = "livestream" if n % 3 == 0 else "search"
            more: dict[str, Any] = {"channel": said.get(channel, channel)}
            case = f"R-{day:03d}{n:015d}"
            for name, role in (*STEPS, *REST):
                wait = random.exponential(0.5 if name in ("Check", "Refund") else 3.0) * HOUR
                if name == "Approve" and moment % DAY > 12 * HOUR:
                    wait += (26 if day >= 28 else 18) * HOUR - moment % DAY
                begin = moment + int(wait) if name != "Request return" else moment
                moment = begin + int(random.uniform(2, 25) * MINUTE)
                rows.append(
                    event(
                        case, said.get(name, name), begin, moment, role=said.get(role, role), process="return", **more
                    )
                )
    return arena(rows, "return", "case")


def document(language: Language = "en", made: Arena | None = None) -> tuple[Report, Arena]:
    """The report and the log it is of."""
    made = events(language) if made is None else made
    made = replace(
        made, quality=Quality(late=12, duplicates=3, without_case=40, overlaps=5, sampled=True, notes=("a note",))
    )
    plain = report(made, CONFIG, int(made.end.max()), language, facts=())
    told = tuple(_told(finding, language) for finding in (FINDING, *OTHERS))
    return replace(plain, transitions=tuple(_caused(t) for t in plain.transitions), findings=told), made


def _told(finding: Finding, language: Language) -> Finding:
    if language == "en":
        return finding
    title, story, advice = CHINESE[finding.id]
    said = NAMES[language]
    return replace(
        finding,
        title=title,
        story=story,
        subject={k: said.get(str(v), str(v)) for k, v in finding.subject.items()},
        suggestions=tuple(replace(s, detail=a) for s, a in zip(finding.suggestions, advice, strict=True)),
        segment=tuple(replace(s, value=said.get(s.value, s.value)) for s in finding.segment),
    )


def _caused(transition: Transition) -> Transition:
    """Causes as the findings name them; elsewhere by the length of the names, so that all have some of each."""
    known = {tuple(f.subject.values()): f.cause.shares for f in (FINDING, *OTHERS) if f.cause is not None}
    said = NAMES["zh-CN"]
    known |= {tuple(said[str(name)] for name in pair): shares for pair, shares in known.items()}
    own = known.get((transition.source, transition.target))
    if own is not None:
        return replace(transition, causes_s=Causes(*(own.get(n, 0.0) * transition.waiting_s.total for n in CAUSES)))
    parts = np.array([len(transition.source) % 5 + 1, 1, len(transition.target) % 7 + 2, 6, 2], np.float64)
    shares = parts / parts.sum() * transition.waiting_s.total
    return replace(transition, causes_s=Causes(*shares.tolist()))


def told(language: Language = "en") -> tuple[BottleneckReport, Report]:
    """The bottleneck report of the document, one finding of it in redesign and done."""
    plain, made = document(language)
    moments = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 3, tzinfo=UTC)
    subject = Subject("waiting", *(NAMES[language].get(name, name) for name in ("Pick up", "Inspect")))
    then, done, now = T0 + 28 * DAY, T0 + 29 * DAY, int(made.end.max())
    before = baseline(made, subject, ZONE, then)
    verdict = compare(before, afterwards(made, subject, ZONE, done, now, before))
    context = Context(
        language,
        ZONE,
        "CNY",
        CONFIG.prices,
        {"en": "Return", "zh-CN": "退货"}[language],
        standings={
            OTHERS[0].id: Standing({}, *moments, verdict),
            "gone": Standing({"en": "Pack: too few people", "zh-CN": "打包：人手不足"}, *moments, verdict),
        },
    )
    return bottleneck_report(plain, material(made, CONFIG, plain.findings), context), plain
