"""The bottleneck report as page, PDF and workbook: whole where all is known, and plain about what is not."""

import io
import re
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from lxml.html import HtmlElement, document_fromstring
from openpyxl import load_workbook

import api.bottlenecks.pdf
from api.bottlenecks.build import bottleneck_report
from api.bottlenecks.context import Context
from api.bottlenecks.html import STYLE, body, html_file
from api.bottlenecks.material import material
from api.bottlenecks.pdf import FONT_FILE, FONT_PACKAGE, pdf_file, printable
from api.bottlenecks.ranking import ranked
from api.workbook import workbook
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import LANGUAGES, Language
from mining.config import ProcessConfig
from mining.names import CAUSE_COLOURS
from mining.report import Report
from mining.reporting import report
from tests.helpers import DAY, T0, log
from tests.unit.bottlenecks.documents import FINDING, OTHERS, told

GOLDEN = Path(__file__).parents[2] / "golden" / "bottlenecks"
MOMENT = datetime(2026, 3, 3, 4, 5, 6, 789, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")


def texts(node: HtmlElement, path: str) -> list[str]:
    """The texts of the elements at an XPath."""
    found = node.xpath(path)
    assert isinstance(found, list)
    return [each.text_content() for each in found if isinstance(each, HtmlElement)]


def plain(*cases: str) -> Report:
    return report(log(*cases), ProcessConfig("test", "case"), T0 + DAY, facts=())


def page_of(document: Report, language: Language = "en") -> str:
    return html_file(bottleneck_report(document, None, Context(language, UTC_ZONE)), document)


@pytest.mark.parametrize("language", LANGUAGES)
def test_golden(language: Language) -> None:
    golden = (GOLDEN / f"report.{language}.html").read_text(encoding="utf-8")
    assert html_file(*told(language)) == golden, "if it is meant: python -m tests.golden.bottlenecks.renew"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_stands_alone(language: Language) -> None:
    page = html_file(*told(language))
    tree = document_fromstring(page)
    assert tree.get("lang") == language
    assert not tree.xpath("//script | //link | //img | //iframe")
    assert not re.search(r"""(src|href)=["'](?!#)""", page)
    assert "url(" not in page
    assert "@import" not in page
    for anchor in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{anchor}"' in page
    for picture in re.findall(r"<svg.*?</svg>", page, re.S):
        etree.fromstring(picture if "xmlns=" in picture else picture.replace("<svg", '<svg xmlns="http://x"', 1))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_body_is_fit_for_a_page_whose_policy_allows_itself_only(language: Language) -> None:
    shown = body(told(language)[0])
    assert "<script" not in shown
    assert not re.search(r"<[^>]+\sstyle=", shown)
    assert "<style" not in shown


def test_all_six_parts_are_there_in_order() -> None:
    tree = document_fromstring(html_file(*told("en")))
    heads = texts(tree, "//h2")
    order = ["How sure this is", "Where it waits", "Bottlenecks by hours a week", f"1. {FINDING.title}"]
    places = [heads.index(name) for name in [*order, "Better or worse than before"]]
    assert places == sorted(places)
    assert texts(tree, "//article[1]/h3") == [
        "What happens",
        "Why",
        "Since when",
        "For whom",
        "Five cases to look at",
        "What to try",
        "How to check afterwards",
    ]
    said = texts(tree, "//article[1]")[0]
    for word in ("71 % unavailability", "refund-service", "livestream", "2.6 ×", "180 h a week (140 h to 210 h)"):
        assert word in said, word
    assert all(case in said for case in FINDING.evidence.cases)
    assert all(trace in said for trace in FINDING.evidence.traces)


def test_bars_have_the_fixed_colours_and_fill_their_width() -> None:
    shown, _ = told("en")
    for row in shown.rows[:-1]:
        assert row.causes
        assert row.causes[-1].begin + row.causes[-1].share == pytest.approx(1.0)
        for one, other in zip(row.causes, row.causes[1:], strict=False):
            assert one.begin + one.share == pytest.approx(other.begin)
    page = html_file(*told("en"))
    for name, colour in CAUSE_COLOURS.items():
        assert f'class="cause-{name}" fill="{colour}"' in page
        assert f".breport .cause-{name}{{fill:{colour}}}" in STYLE


def test_ranked_by_hours_and_every_finding_has_its_place() -> None:
    document = told("en")[1]
    places = ranked(document, 8.0)
    assert [place.hours for place in places] == sorted((place.hours for place in places), reverse=True)
    found = [place.finding.id for place in places if place.finding is not None]
    assert sorted(found) == sorted(finding.id for finding in (FINDING, *OTHERS))
    gone = replace(document, findings=tuple(replace(f, status="muted") for f in document.findings))
    assert all(place.finding is None for place in ranked(gone, 8.0))


def test_what_is_not_known_is_said() -> None:
    document = replace(plain("abc", "abc", "ab"), findings=(replace(FINDING, cause=None, since=None, segment=()),))
    page = page_of(document)
    for said in (
        "The cause is not known: this waiting was not split by cause.",
        "Why cases wait is not known",
        "no day is known on which it began",
        "It does not concentrate anywhere",
        "There is no period before it to compare with",
        "not known",
    ):
        assert said in page
    assert 'class="causes"' not in page


def test_names_are_escaped_and_empty_logs_shown() -> None:
    nasty = replace(FINDING, title="b <waits>", subject={"activity": "<b>"}, name="slow_step")
    page = page_of(replace(plain("ab"), findings=(nasty,)))
    assert "b &lt;waits&gt;" in page
    assert "<waits>" not in page
    assert "There are no events in this log." in page_of(plain())
    assert "Nothing waits in this log." in page_of(plain("a", "a"))


def test_a_log_without_events_has_no_material() -> None:
    assert material(log(), ProcessConfig("test", "case"), ()) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_pdf_shows_every_character_and_is_the_same_every_time(language: Language) -> None:
    shown, _ = told(language)
    made = pdf_file(shown, MOMENT)
    assert made.startswith(b"%PDF-")
    assert made == pdf_file(shown, MOMENT)
    # The font is embedded, and says which characters its glyphs are.
    streams = [_inflated(raw) for raw in re.findall(rb"stream\r?\n(.*?)endstream", made, re.S)]
    inside = b"\n".join(streams) + made
    assert b"NotoSansSC" in inside
    mapped = _mapped(streams)
    wanted = {sign for sign in shown.sentence + "".join(row.target for row in shown.rows) if not sign.isspace()}
    assert wanted <= mapped, wanted - mapped


def _inflated(raw: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(raw)
    except zlib.error:
        return b""


def _mapped(streams: list[bytes]) -> set[str]:
    found: set[str] = set()
    for stream in streams:
        if b"beginbfchar" not in stream and b"beginbfrange" not in stream:
            continue
        for target in re.findall(rb"<[0-9A-Fa-f]+>\s*<([0-9A-Fa-f]+)>", stream):
            found |= set(bytes.fromhex(target.decode()).decode("utf-16-be"))
    return found


def test_without_its_font_a_pdf_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.bottlenecks.pdf, "FONT_PACKAGE", "no_such_package_at_all")
    with pytest.raises(PermanentError, match="a PDF needs the packages typst and pylopdf-fonts-zh-cn"):
        pdf_file(told("en")[0], MOMENT)


def test_the_font_has_what_chinese_reports_need() -> None:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    spec = find_spec(FONT_PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    known = set(TTFont(Path(spec.origin).parent / FONT_FILE).getBestCmap())
    assert all(
        ord(sign) in known for sign in "瓶颈报告攒批被插队排队等人非当班外部或不明原因“”「」：，。；（）≤→▲▼–·×¥"
    )


def test_printable_drawings_need_no_page() -> None:
    drawn = printable(told("en")[0].map)
    assert "var(" not in drawn
    assert "@media" not in drawn
    etree.fromstring(drawn)


@pytest.mark.parametrize("language", LANGUAGES)
def test_workbook_has_the_bottlenecks_and_keeps_numbers_of_orders_as_text(language: Language) -> None:
    shown, document = told(language)
    book = load_workbook(io.BytesIO(workbook(document, language, UTC_ZONE, shown)))
    names = {"en": ("Bottlenecks", "Causes of waiting", "Cases to look at"), "zh-CN": ("瓶颈", "等待原因", "示例单")}
    ranking, causes, cases = (book[name] for name in names[language])
    assert ranking.max_row == len(shown.rows) + 1
    assert causes.max_row == len(document.transitions) + 1
    ids = [row[3] for row in cases.iter_rows(min_row=2)]
    assert {"88123", "R-000000000000000123"} <= {cell.value for cell in ids}
    assert all(cell.data_type == "s" for cell in ids)
    for row, transition in zip(causes.iter_rows(min_row=2, values_only=True), document.transitions, strict=True):
        days = [part.total_seconds() if hasattr(part, "total_seconds") else part * 86_400 for part in row[-5:]]
        assert sum(days) == pytest.approx(transition.waiting_s.total, rel=1e-6)
