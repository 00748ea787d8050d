"""Writes the dashboards and the provisioning files."""

import json
from pathlib import Path

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from collector.vocabulary.languages import Language
from dashboards.boards import BOARDS
from dashboards.provisioning import Sources, Tree, datasources, provider

HEAD = "# Written by `houtai dashboards build`; changes here are overwritten.\n"


def documents(language: Language) -> dict[str, Tree]:
    """Every dashboard as Grafana's JSON model, by its uid."""
    made = [json.loads(json.dumps(board(language), cls=JSONEncoder)) for board in BOARDS]
    return {str(document["uid"]): document for document in made}


def build(out: Path, language: Language = "en", sources: Sources | None = None) -> list[Path]:
    """Write dashboards and provisioning files into `out`, which is made where it is missing; gives their paths."""
    boards, provisioning = out / "dashboards", out / "provisioning"
    files = {boards / f"{uid}.json": render(tree) for uid, tree in documents(language).items()}
    files[provisioning / "datasources" / "houtai.yaml"] = _yaml(datasources(sources or Sources()))
    files[provisioning / "dashboards" / "houtai.yaml"] = _yaml(
        provider((sources or Sources()).dashboards_path or str(boards.resolve()))
    )
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return list(files)


def render(document: Tree) -> str:
    """A dashboard as the file holds it."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _yaml(tree: Tree) -> str:
    return HEAD + yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
