"""The page of a process's declared rules."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

import numpy as np
from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.html_report.humanise import whole
from api.pages.figures import weeks
from api.pages.render import Pages
from api.pages.views import chips
from api.paging import page
from api.routes.asked import Asked, Cursor, Knows, Lang
from api.routes.documents import RuleBucket, RuleRow
from api.routes.rules import newest_first, rules_of
from api.rules import Kept
from collector.vocabulary.languages import Language, text
from mining.rules.checking import BROKEN
from mining.story.rules import called

router = APIRouter()
BREACHES_A_PAGE = 50
WIDTH, HEIGHT = 680, 120


@dataclass(frozen=True)
class Shown:
    """A rule on the page."""

    row: RuleRow
    chart: Markup
    """Its breaches day by day, small."""
    cost: int | None
    """A week, in minor units; None where no price is stated."""


@dataclass(frozen=True)
class Week:
    """Breaches in the last seven days, and in the seven before; null where the cases do not reach back that far."""

    last: int
    before: int | None

    def change(self, name: str) -> float | None:
        """By how much they rose, as a share of what they were; `name` as other trends have it."""
        return (self.last - self.before) / self.before if self.before else None


@router.get("/processes/{process}/rules")
def rules(
    request: Request,
    process: str,
    knows: Knows,
    lang: Lang,
    asked: Asked,
    rule: Annotated[str | None, Query(description="whose breaches are listed; the one most cases break")] = None,
    cursor: Cursor = None,
) -> Response:
    """Which rules are broken, by how many cases, since when, and by which."""
    snapshot = knows.snapshot(process)
    filters = asked.filters(snapshot.config)
    found = rules_of(knows, snapshot, filters)
    span = weeks(knows.choosable(snapshot), knows.flags(snapshot, filters))
    worst = sorted(found, key=lambda each: -each.broken_cases)
    chosen = next((each for each in found if each.rule.id == rule), None)
    if chosen is None and rule:
        raise HTTPException(404, f"rule {rule!r}: there is none of that id in process {process!r}")
    chosen = chosen or next(iter(worst), None)
    listed, after = page(chosen.breaches(snapshot.arena) if chosen else (), newest_first, BREACHES_A_PAGE, cursor)
    query = asked.query()

    def link(**more: str | list[str] | None) -> str:
        return "?" + urlencode({k: v for k, v in {**query, **more}.items() if v is not None}, doseq=True)

    shown = [_shown(each, span, lang) for each in worst]
    context: dict[str, Any] = {
        "zone": snapshot.config.zone,
        "process": process,
        "title": knows.title(process, lang),
        "currency": snapshot.config.currency,
        "headline": _headline(worst, lang),
        "broken": [each for each in worst if each.broken_cases],
        "rules": shown,
        "cases": len(np.unique(np.concatenate([np.empty(0, np.int64), *(each.broken.case for each in found)]))),
        "trend": _week(found),
        "pending": sum(each.row.pending for each in shown),
        "cost": sum(each.cost or 0 for each in shown),
        "priced": any(each.rule.price is not None for each in worst),
        "chosen": None if chosen is None else chosen.row(lang),
        "chart": "" if chosen is None else by_day(chosen.row(lang).over_time, lang, WIDTH, HEIGHT),
        "listed": listed,
        "after": after,
        "first": cursor is None,
        "chips": chips(query, snapshot, link, lang),
        "link": link,
    }
    pages: Pages = request.app.state.pages
    return pages.page(request, "rules.html", **context)


def _week(found: list[Kept]) -> Week:
    by_day = [int(n) for n in sum((each.over_time[BROKEN] for each in found), np.zeros(1, np.int64))]
    return Week(sum(by_day[-7:]), sum(by_day[-14:-7]) if len(by_day) >= 14 else None)


def _headline(worst: list[Kept], language: Language) -> str:
    broken = [each for each in worst if each.broken_cases]
    if not broken:
        return text(language, "All {n} rules are kept.", n=len(worst))
    return text(
        language,
        "{n} of {all} rules are broken, most often: {name} ({cases} cases).",
        n=len(broken),
        all=len(worst),
        name=called(broken[0].rule, language),
        cases=whole(broken[0].broken_cases),
    )


def _shown(each: Kept, span: float, language: Language) -> Shown:
    price = each.rule.price
    cost = None if price is None else round(price * each.counts[1] / span)
    row = each.row(language)
    return Shown(row, by_day(row.over_time, language, 120, 26, only_broken=True), cost)


def by_day(buckets: list[RuleBucket], language: Language, width: int, height: int, only_broken: bool = False) -> Markup:
    """A bar a day: what broke the rule below, what kept it above; without, what broke it alone."""
    label = text(language, "Breaches day by day")
    most = max((b.broken + (0 if only_broken else b.fulfilled) for b in buckets), default=0) or 1
    step = width / max(len(buckets), 1)
    broken, fulfilled = [], []
    for n, bucket in enumerate(buckets):
        x, wide = n * step, max(step - 1, 0.5)
        low = height * bucket.broken / most
        broken.append(f"M{x:.1f} {height}v{-low:.1f}h{wide:.1f}v{low:.1f}z")
        if not only_broken:
            fulfilled.append(
                f"M{x:.1f} {height - low:.1f}v{-height * bucket.fulfilled / most:.1f}h{wide:.1f}V{height - low:.1f}z"
            )
    return Markup(
        '<svg class="byday" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="fulfilled" d="{}"/><path class="broken" d="{}"/></svg>'
    ).format(width, height, label, "".join(fulfilled), "".join(broken))
