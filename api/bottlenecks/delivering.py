"""The bottleneck report as files that go out with a message."""

from collections.abc import Mapping

from alerts.delivery.message import Attachment
from alerts.delivery.weekly import Documents, Files
from api.bottlenecks.build import bottleneck_report
from api.bottlenecks.context import Context
from api.bottlenecks.html import html_file
from api.bottlenecks.material import material, moment
from api.bottlenecks.pdf import pdf_file
from api.redesign import standings
from collector.vocabulary.languages import Language
from mining.live.knowledge import Snapshot
from mining.live.redesigns import Redesigns


def documents(titles: Mapping[str, Mapping[str, str]], redesigns: Redesigns) -> Documents:
    """What makes HTML and PDF of a snapshot; `titles` are what people call a process, by language."""

    def make(snapshot: Snapshot, language: Language) -> Files:
        report, config = snapshot.reports[language], snapshot.config
        context = Context(
            language,
            config.zone,
            report.currency,
            config.prices,
            titles.get(config.process, {}).get(language, ""),
            standings=standings(redesigns, snapshot),
        )
        told = bottleneck_report(report, material(snapshot.arena, config, report.findings), context)
        name = f"{config.process}-{language}"
        return Files(
            told.sentence,
            (
                Attachment(f"{name}.pdf", "application/pdf", pdf_file(told, moment(snapshot.now))),
                Attachment(f"{name}.html", "text/html", html_file(told, report).encode()),
            ),
        )

    return make
