"""What a dashboard must have so that it shows something: Grafana's schema asks for none of it."""

import re
from collections.abc import Iterator
from typing import Any, Final

from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import LANGUAGES, has_text
from dashboards.building import documents
from dashboards.provisioning import Tree
from mining import names

METRICS: Final = frozenset(v for v in vars(names).values() if isinstance(v, str) and v.startswith("houtai_"))
SUFFIXES: Final = ("", "_total", "_bucket", "_count", "_sum")


def check() -> list[str]:
    """What was checked, a line a dashboard and language. Raises PermanentError with the first thing that is wrong."""
    done = []
    originals = documents("en")
    for language in LANGUAGES:
        for uid, document in documents(language).items():
            for complaint in complaints(document):
                raise PermanentError(f"{uid} ({language}): {complaint}")
            done.append(
                f"{uid} ({language}): {len(panels(document))} panels, {len(list(expressions(document)))} queries"
            )
        for uid, document in originals.items():
            for said in texts(document):
                if not has_text(language, said):
                    raise PermanentError(f"{uid}: {said!r} is not in the catalogue of {language}")
    return done


def complaints(document: Tree) -> Iterator[str]:
    """What is wrong with one dashboard."""
    found = panels(document)
    ids = [panel.get("id") for panel in found]
    if None in ids or len(set(ids)) != len(ids):
        yield "panel ids are missing or double"
    if document.get("editable") is not False:
        yield "it is editable"
    if not document.get("tags") or not document.get("uid"):
        yield "it has no tags or uid"
    for panel in found:
        name = panel.get("title") or panel.get("id")
        if not panel.get("title") or not panel.get("description"):
            yield f"panel {name}: without title or description"
        if not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
            yield f"panel {name}: without unit"
        if not panel.get("targets"):
            yield f"panel {name}: without query"
        if panel["type"] == "nodeGraph" and sorted(t["refId"] for t in panel["targets"]) != ["edges", "nodes"]:
            yield f"panel {name}: a node graph needs the queries nodes and edges"
        if not str(panel.get("datasource", {}).get("uid", "")).startswith("${"):
            yield f"panel {name}: its data source is no variable"
    for expression in expressions(document):
        for metric in re.findall(r"\bhoutai_\w+", expression):
            if not any(metric == known + suffix for known in METRICS for suffix in SUFFIXES):
                yield f"unknown metric {metric}"
        for window in re.findall(r"rate\([^[]*\[([^\]]+)\]", expression):
            if window != "$__rate_interval":
                yield f"rate over {window}, not $__rate_interval"


def panels(document: Tree) -> list[dict[str, Any]]:
    """The panels of a dashboard."""
    found = document["panels"]
    if not isinstance(found, list):
        raise PermanentError("panels: not a list")
    return found


def expressions(document: Tree) -> Iterator[str]:
    """Every PromQL expression of a dashboard."""
    for panel in panels(document):
        for target in panel["targets"]:
            if "expr" in target:
                yield target["expr"]


def texts(document: Tree) -> Iterator[str]:
    """Every text of a dashboard that a person reads; legends made of labels alone are none."""
    yield str(document["title"])
    yield str(document["description"])
    for panel in panels(document):
        yield panel["title"]
        yield panel["description"]
        for target in panel["targets"]:
            yield from (column["text"] for column in target.get("columns", ()))
            legend = target.get("legendFormat", "")
            if re.search(r"[A-Za-z]", re.sub(r"\{\{.*?\}\}|^__auto$", "", legend)) and panel["type"] == "timeseries":
                yield legend
    templating = document["templating"]
    if isinstance(templating, dict):
        yield from (variable["label"] for variable in templating["list"])
