"""Lines of a log in partitions on disk, all of a case in one of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from collector.files.arrow import as_text, stamps, words_of
from collector.files.columns import resolve
from collector.files.counts import Counts
from collector.files.events import TOLD, WORDS, events_of, usable_lines
from collector.files.line_times import line_times
from collector.files.log import FileQuality, RawLog, ReadOptions
from collector.files.streamed import pieces_of
from mining.dictionary import Dictionary
from mining.kernels.intern import hashes

CODED: Final = ("activity", *WORDS, "lifecycle")
"""Meanings that are written as numbers of words; one dictionary a column serves all partitions."""
TEXTS: Final = ("case", "instance", "amount")
TIMES: Final = ("start", "end", "enabled")
_WRITING: Final = pa.ipc.IpcWriteOptions(compression="lz4")


class Spill:
    """Only what the report needs is written: further columns are not read at all.

    Lines stay in order of the file. What is wrong with them is found out, and start is joined with complete, when a
    partition is read again: that takes the lines of a case and no others.
    """

    def __init__(self, raw: RawLog, options: ReadOptions, folder: Path, count: int) -> None:
        """Into `count` files in `folder`. PermanentError where the columns of `raw` will not do."""
        self._raw, self._options, self._folder = raw, options, folder
        self._found = resolve(raw, options)
        self._words = {meaning: Dictionary() for meaning in CODED if meaning in self._found}
        self._counts = Counts()
        self._told: bool | None = None
        self.count = count

    @property
    def quality(self) -> FileQuality:
        """What was wrong with the file; known once all partitions have been read."""
        return self._counts.quality(self._raw, self._options, self._found)

    def fill(self) -> None:
        """Read the log once. PermanentError names the place of what cannot be read, OSError a disk that is full."""
        pairing = "lifecycle" in self._found and self._options.lifecycle == "pair"
        self._told = False if pairing else None
        with ExitStack() as files:
            writers: list[pa.ipc.RecordBatchFileWriter] = []
            for piece, at in pieces_of(self._raw, self._found):
                batch, told = self._batch(piece, at)
                self._told = self._told or told if pairing else None
                if not writers:
                    for place in range(self.count):
                        sink = files.enter_context(pa.OSFile(str(self._file(place)), "wb"))
                        made = pa.ipc.new_file(sink, batch.schema, options=_WRITING)
                        writers.append(files.enter_context(made))
                # The low bits number the slots of hash tables: partitions by them would crowd these.
                number = ((hashes(batch.column("case")) >> np.uint64(40)) % np.uint64(self.count)).astype(np.uint16)
                batch = batch.take(pa.array(np.argsort(number, kind="stable")))
                bounds = np.concatenate([[0], np.cumsum(np.bincount(number, minlength=self.count))]).tolist()
                for place, writer in enumerate(writers):
                    if bounds[place] < bounds[place + 1]:
                        writer.write_batch(batch.slice(bounds[place], bounds[place + 1] - bounds[place]))

    def read(self, place: int) -> pa.RecordBatch:
        """The events of a partition as `mining.builder` takes them; the file is gone then."""
        file = self._file(place)
        with pa.OSFile(str(file), "rb") as source, pa.ipc.open_file(source) as reader:
            table = reader.read_all().combine_chunks()
        file.unlink()
        batches = table.to_batches()
        columns = [self._column(name, batches, table.schema.field(name).type) for name in table.column_names]
        names = tuple(table.column_names)
        del table, batches
        events = events_of(
            replace(self._raw, names=names, columns=columns, pieces=None),
            self._options,
            {name: place for place, name in enumerate(names)},
            self._told,
        )
        self._counts += events.counts
        return pa.RecordBatch.from_pydict(events.columns)

    def partitions(self) -> Iterator[pa.RecordBatch]:
        """The events of one partition after the other."""
        for place in range(self.count):
            yield self.read(place)

    def _file(self, place: int) -> Path:
        return self._folder / f"lines-{place}.arrow"

    def _batch(self, piece: RawLog, at: dict[str, int]) -> tuple[pa.RecordBatch, bool]:
        """What is written of a piece, and whether its lifecycle column tells start from complete."""
        times = line_times(piece, self._options, at, piece=True)
        self._counts += Counts(local=times.local)
        columns: dict[str, pa.Array] = {}
        told = False
        for meaning, index in at.items():
            if meaning in TIMES:
                columns[meaning] = stamps(getattr(times, meaning))
                continue
            column = words_of(piece.columns[index])
            if meaning in TEXTS:
                columns[meaning] = as_text(column)
                continue
            codes = self._words[meaning].codes(column)
            columns[meaning] = pa.array(codes)
            if meaning == "lifecycle" and not self._told:
                lower = [word.lower() in TOLD for word in self._words[meaning].words]
                rows, _ = usable_lines(
                    words_of(piece.columns[at["case"]]), words_of(piece.columns[at["activity"]]), times
                )
                told = bool(np.array([*lower, False])[codes if rows is None else codes[rows]].any())
        return pa.RecordBatch.from_pydict(columns), told

    def _column(self, meaning: str, batches: list[pa.RecordBatch], kind: pa.DataType) -> pa.Array:
        column = batches[0].column(meaning) if batches else pa.array([], kind)
        if meaning not in self._words:
            return column
        codes = column.to_numpy()
        words = pa.array(self._words[meaning].words, pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), words)
