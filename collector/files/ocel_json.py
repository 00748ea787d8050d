"""Reads OCEL 2.0 in JSON."""

from pathlib import Path

import msgspec

from collector.files.log import Progress, RawLog, ReadOptions
from collector.files.ocel import Ocel, old_version, told
from collector.files.source import opened
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text

_Id = str | int
_Value = str | int | float | bool | None


class _Attribute(msgspec.Struct):
    name: str
    value: _Value = None
    time: str = ""


class _Relation(msgspec.Struct, rename={"object": "objectId"}):
    object: _Id
    qualifier: str | None = None


class _Event(msgspec.Struct):
    id: _Id
    type: str | None = None
    time: str | None = None
    attributes: list[_Attribute] | None = None
    relationships: list[_Relation] | None = None


class _Object(msgspec.Struct):
    id: _Id
    type: str
    attributes: list[_Attribute] | None = None


class _Log(msgspec.Struct, rename={"old_log": "ocel:global-log", "old_events": "ocel:events"}):
    events: list[_Event] | msgspec.UnsetType = msgspec.UNSET
    objects: list[_Object] | None = None
    old_log: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    old_events: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class OcelJsonReader:
    """`.jsonocel`, `.json`, also packed. Relations between objects are left out."""

    endings: tuple[str, ...] = (".jsonocel", ".json", ".jsonocel.gz", ".json.gz")

    def read(self, path: Path, options: ReadOptions, progress: Progress) -> RawLog:
        """The raw log; PermanentError names the file and the place in it that is not as OCEL 2.0 has it."""
        with opened(path, options, progress) as file:
            data = file.read()
        try:
            log = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Log)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0][:200]
            message = text(options.language, "{file}: is no OCEL 2.0 JSON ({reason})", file=path, reason=reason)
            raise PermanentError(message) from error
        if log.old_log is not msgspec.UNSET or log.old_events is not msgspec.UNSET:
            raise old_version(path, options)
        if log.events is msgspec.UNSET:
            reason = text(options.language, "it has no `events`")
            raise PermanentError(
                text(options.language, "{file}: is no OCEL 2.0 JSON ({reason})", file=path, reason=reason)
            )
        gathered = Ocel()
        for thing in log.objects or ():
            name = str(thing.id)
            gathered.add_object(name, thing.type)
            for each in thing.attributes or ():
                if (value := told(each.value)) is not None:
                    gathered.add_value(name, each.name, each.time, value)
        for event in log.events:
            name = str(event.id)
            values = [(each.name, told(each.value)) for each in event.attributes or ()]
            given = [(key, value) for key, value in values if value is not None]
            if gathered.add_event(name, event.type, event.time, given):
                for relation in event.relationships or ():
                    gathered.relate(name, (str(relation.object), relation.qualifier))
        return gathered.raw_log(path, options)
