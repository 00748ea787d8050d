"""Reading `houtai.yaml` so that whatever is wrong with it is told by line and nearest known key."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from collector.vocabulary.errors import PermanentError

SECTIONS: Final = (
    "timezone",
    "currency",
    "processes",
    "mapping",
    "calendars",
    "business_days",
    "deadlines",
    "prices",
    "rules",
    "alerts",
    "retention",
    "collector",
    "mining",
    "api",
)
Place = tuple[str | int, ...]


def read(path: Path) -> tuple[dict[str, Any], dict[Place, int]]:
    """The file as a dictionary, and the line (from 1) of each place in it.

    Raises PermanentError where the file is missing, is not YAML, holds no mapping or holds a key twice.
    """
    try:
        raw = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PermanentError(f"{path}: there is no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"{path}: cannot be read: {error}") from error
    try:
        node = yaml.compose(raw, Loader=yaml.SafeLoader)
        data = yaml.safe_load(raw)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PermanentError(f"{path}, line {line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PermanentError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if node is None:
        return {}, {}
    if not isinstance(data, dict):
        raise PermanentError(f"{path}, line 1: expected sections ({', '.join(SECTIONS)})")
    lines: dict[Place, int] = {}
    _number(path, node, (), lines)
    _hand_down_zone(data)
    _models_from_here(path, data)
    return data, lines


def _hand_down_zone(data: dict[str, Any]) -> None:
    """Ways in that say no zone of their own are in the configuration's."""
    collector = data.get("collector")
    if not isinstance(data.get("timezone"), str) or not isinstance(collector, dict):
        return
    for family in ("databases", "mqtt"):
        for each in collector.get(family) or ():
            if isinstance(each, dict):
                each.setdefault("timezone", data["timezone"])


def _models_from_here(path: Path, data: dict[str, Any]) -> None:
    """Models of processes stand beside the file that names them, unless they say otherwise."""
    processes = data.get("processes")
    for each in processes.values() if isinstance(processes, dict) else ():
        if isinstance(each, dict) and isinstance(each.get("model"), str):
            each["model"] = str(path.parent / each["model"])


def _number(path: Path, node: yaml.Node, place: Place, lines: dict[Place, int]) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise PermanentError(f"{path}, line {key.start_mark.line + 1}: {name!r} stands there twice")
            seen.add(name)
            lines[(*place, name)] = key.start_mark.line + 1
            _number(path, value, (*place, name), lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _number(path, value, (*place, index), lines)


def explain(path: Path | None, lines: Mapping[Place, int], model: type[BaseModel], error: ValidationError) -> str:
    """One line for the first thing pydantic found wrong: file, line, key, what it should be."""
    first = error.errors()[0]
    place: Place = tuple(first["loc"])
    known = place
    while known and known not in lines:
        known = known[:-1]
    dotted = ".".join(str(part) for part in place) or "the file"
    where = f"{path}, line {lines[known]}" if path is not None and known in lines else (str(path or "the environment"))
    if first["type"] == "extra_forbidden":
        names = _names(model, place[:-1])
        close = difflib.get_close_matches(str(place[-1]), names, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(names)}"
        return f"{where}: unknown key {dotted!r}; {hint}"
    return f"{where}: {dotted}: {first['msg'].removeprefix('Value error, ')}"


def _names(model: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    current: Any = model
    for part in place:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = _fields(current).get(str(part))
            current = _inner(field) if field is not None else None
        else:
            current = _inner(current)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return sorted(_fields(current))
    return []


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {info.alias or name: info.annotation for name, info in model.model_fields.items()}


def _inner(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        options = [option for option in get_args(annotation) if option is not type(None)]
        return options[0] if options else None
    if origin is dict:
        # The next part of the place is a free name, then the value's type.
        return _Values(get_args(annotation)[1])
    if origin in (tuple, list):
        return _Values(get_args(annotation)[0])
    if isinstance(annotation, _Values):
        return annotation.type
    return annotation


class _Values:
    """Stands between a dict or list and its values while a place is walked."""

    def __init__(self, type_: Any) -> None:
        self.type = type_
