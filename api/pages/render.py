"""Templates become responses in the language of whoever asks."""

import hashlib
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.auth import identity
from api.bottlenecks.html import STYLE as REPORT_STYLE
from api.html_report import humanise
from api.knowing import Knowing
from api.routes.asked import language as asked_language
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import LANGUAGES, Language, best_language, text, word
from mining import names
from mining.map import STYLE

HERE: Final = Path(__file__).parent
CAUSES: Final = ":root{" + ";".join(f"--{name}:{colour}" for name, colour in names.CAUSE_COLOURS.items()) + "}\n"
_FILES: Final = {path.name: path.read_bytes() for path in sorted((HERE / "static").iterdir())}
STATIC: Final = _FILES | {
    "houtai.css": CAUSES.encode() + _FILES["houtai.css"],
    "map.css": STYLE.encode(),
    "report.css": REPORT_STYLE.encode(),
}
TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
VERSION: Final = hashlib.blake2b(b"".join(STATIC.values()), digest_size=6).hexdigest()
YEAR: Final = 365 * 86_400


class Pages:
    """Renders templates."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        """A page; `context` is what its template shows."""
        language = _language(request)
        knowing: Knowing = request.app.state.knowing
        zone = context.get("zone") or _any_zone(knowing)
        html = self._environment.get_template(template).render(
            **{**_helpers(request, language, zone), "behind": knowing.behind(), **context, "zone": zone}
        )
        response = HTMLResponse(html, status, headers={"cache-control": "no-store", "content-language": language})
        if request.query_params.get("lang"):
            response.set_cookie("houtai_lang", language, max_age=YEAR, samesite="lax", httponly=True)
        return response

    def error(self, request: Request, status: int, detail: str) -> Response:
        """An error as a page."""
        return self.page(request, "error.html", status, code=status, detail=detail)


def _language(request: Request) -> Language:
    """Never fails, so that an error about the language can itself be shown."""
    try:
        return asked_language(request)
    except PermanentError:
        return best_language(request.headers.get("accept-language"))


def _any_zone(knowing: Knowing) -> ZoneInfo:
    for process in knowing.knowledge.processes():
        return knowing.snapshot(process).config.zone
    return ZoneInfo("UTC")


def _helpers(request: Request, language: Language, zone: ZoneInfo) -> dict[str, Any]:
    query = [(k, v) for k, v in request.query_params.multi_items() if k != "lang"]
    who = identity(request) if "identity" in request.scope else None
    return {
        "t": lambda message, **values: text(language, message, **values),
        "w": lambda context, name: word(language, context, name),
        "language": language,
        "languages": [
            (code, label, f"{request.url.path}?{urlencode([*query, ('lang', code)])}")
            for code, label in zip(LANGUAGES, ("English", "中文"), strict=True)
        ],
        "version": VERSION,
        "who": who if who is not None and request.app.state.settings.tokens and who.name != "nobody" else None,
        "path": request.url.path,
        "dur": lambda seconds: _duration(language, seconds),
        "exact": lambda seconds: humanise.exact(language, seconds),
        "count": humanise.whole,
        "short": humanise.short,
        "percent": lambda share: humanise.percent(language, share),
        "money": lambda minor, currency: humanise.money(minor, currency, language),
        "when": lambda iso: humanise.moment(iso, zone),
        "day": lambda iso: humanise.moment(iso, zone, day=True),
        "process_url": lambda process: names.PAGE_PROCESS.format(process=quote(process, safe="")),
        "roles_url": lambda process: names.PAGE_ROLES.format(process=quote(process, safe="")),
        "rules_url": lambda process: names.PAGE_RULES.format(process=quote(process, safe="")),
        "case_url": lambda process, case_id: case_url(process, case_id),
        "finding_url": lambda finding_id: names.PAGE_FINDING.format(id=quote(finding_id, safe="")),
    }


def _duration(language: Language, seconds: float | None) -> Markup:
    """Short, with the exact value on hover."""
    if seconds is None:
        return Markup("–")
    return Markup('<span title="{}">{}</span>').format(
        humanise.exact(language, seconds), humanise.duration(language, seconds)
    )


def case_url(process: str, case_id: str) -> str:
    """The page of a case."""
    return names.PAGE_CASE.format(process=quote(process, safe=""), case_id=quote(case_id, safe=""))
