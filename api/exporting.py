"""What a data folder holds, written to a file: the work of `houtai export`."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Final, Literal

from babel.numbers import get_currency_precision

from api.reading import Rows, events, spans
from api.settings import load
from collector.files.writing import ENDINGS, FLAT, About, unknown, writer
from collector.store import SPAN_SCHEMA, Store
from collector.vocabulary.errors import PermanentError, RetryableError
from collector.vocabulary.languages import Language, text

What = Literal["events", "spans", "report"]
_STDOUT: Final = Path("-")


def export(
    what: What,
    out: Path,
    *,
    data: Path,
    config: Path | None,
    process: str | None,
    columns: Sequence[str] | None,
    language: Language,
    tell: Callable[[str], None] = lambda _: None,
) -> int | None:
    """Write `what` to `out` (`-`: standard output); gives how many rows, None for a report.

    Rows are read and written batch by batch; what a person should know is said by `tell`. PermanentError for a folder,
    process, column or file that will not do; RetryableError where what was read has been changed meanwhile, or a part
    of it cannot be read.
    """
    if not data.is_dir():
        raise PermanentError(text(language, "{folder}: there is no such data folder", folder=data))
    if out != _STDOUT:
        from api.outputs import check_writable

        check_writable(out, language)
    if what == "report":
        if columns is not None:
            raise PermanentError(text(language, "--columns: a report has none"))
        _report(out, data, config, process, language)
        return None
    about = About(out, language, tell=tell)
    if out != _STDOUT and not out.name.lower().endswith(ENDINGS if what == "events" else FLAT):
        raise unknown(about)
    store = Store(data)
    if what == "spans":
        if process is not None:
            raise PermanentError(text(language, "--process: spans belong to no process; events and report do"))
        rows = spans(store, _chosen(columns, SPAN_SCHEMA.names, language))
    else:
        settings = load(config)
        leading = {name: each.leading for name, each in settings.processes.items()}
        wanted = _chosen(columns, events(store, leading).schema.names, language)
        rows = events(store, leading, process, wanted)
        digits = get_currency_precision(settings.currency) if settings.currency else 2
        about = replace(about, leading=rows.leading, digits=digits)
    with _opened(out, language) as file:
        made = writer(file, rows.schema, about)
        count = 0
        try:
            for batch in rows:
                made.write(batch)
                count += batch.num_rows
            made.close()
        except BaseException:
            made.discard()
            raise
    if rows.unreadable:
        message = "{count} segments cannot be read and were left out, {name} first"
        raise RetryableError(text(language, message, count=len(rows.unreadable), name=rows.unreadable[0]))
    return count


def _chosen(columns: Sequence[str] | None, there: Sequence[str], language: Language) -> list[str]:
    for name in columns or ():
        if name not in there:
            message = "--columns: there is no column {name!r}. There are: {columns}."
            raise PermanentError(text(language, message, name=name, columns=", ".join(there)))
    return list(columns) if columns is not None else list(there)


def _report(out: Path, data: Path, config: Path | None, process: str | None, language: Language) -> None:
    import time

    import msgspec

    from api.outputs import write_text
    from mining.build import build
    from mining.filters import Filters, select
    from mining.reporting import document, report

    settings = load(config)
    if process is None:
        if len(settings.processes) != 1:
            there = ", ".join(sorted(settings.processes)) or "-"
            raise PermanentError(text(language, "--process: say which one ({known})", known=there))
        process = next(iter(settings.processes))
    if out != _STDOUT and not out.name.lower().endswith(".json"):
        raise PermanentError(text(language, "{file}: a report is written as .json", file=out))
    store = Store(data)
    leading = {name: each.leading for name, each in settings.processes.items()}
    rows = events(store, leading, process)
    known = settings.process_config(process, rows.leading.get(process, "case"))
    arena = build(list(rows.plain()), process, known.leading, rows.links())
    now = time.time_ns() // 1000
    begin = now - int(known.settings.window_days * 86_400 * 1_000_000)
    if arena.events and int(arena.end.min()) < begin:
        arena = select(arena, Filters(from_=begin))
    told = report(arena, known, now, language)
    raw = msgspec.json.format(msgspec.json.encode(document(told)), indent=2)
    write_text(out, raw.decode() + "\n", language)


@contextlib.contextmanager
def _opened(out: Path, language: Language) -> Iterator[IO[bytes]]:
    """The file to write to; it takes its name once it is whole."""
    if out == _STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        target = out.resolve()
        if out.exists() and not out.is_file():
            with out.open("wb") as file:
                yield file
            return
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        partial = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
            mask = os.umask(0)
            os.umask(mask)
            partial.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~mask)
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        message = text(language, "{file}: cannot be written ({reason})", file=out, reason=reason)
        raise PermanentError(message) from error


__all__ = ["ENDINGS", "Rows", "What", "export"]
