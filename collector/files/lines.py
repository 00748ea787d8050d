"""Lines of a file as events, column by column."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.files.arrow import case_objects, constant, merged, rest_fields, taken, words_of
from collector.files.lifecycle import Rows
from collector.files.log import FileQuality, RawLog
from collector.vocabulary.schema import EVENT_SCHEMA

BATCH_ROWS: Final = 1 << 17


@dataclass(frozen=True)
class Lines:
    """A LogFile of which what no one asks for is neither read nor made."""

    process: str
    columns: pa.Table
    """One row an event: `case_id`, and those columns of EVENT_SCHEMA that the file has."""
    quality: FileQuality
    raw: RawLog
    first: Rows | None
    """Of each event the line that began it; None: every line is an event."""
    last: Rows | None
    """The line that ended it; None as `first`."""
    rest: Mapping[str, int]
    """Further columns: name -> column of `raw`."""
    leading: str = "case"
    """Object type of the cases: the first object of every event has it."""
    held: int = 0
    """Events held back because they have not ended (`ReadOptions.growing`)."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return iter(self.batches)

    def stream(self) -> Iterator[pa.RecordBatch]:
        """See LogFile."""
        return iter(self.columns.to_batches())

    @property
    def batches(self) -> tuple[pa.RecordBatch, ...]:
        """All of EVENT_SCHEMA. Event ids are positions in the file, twelve digits, so their order is the file's."""
        count = self.columns.num_rows
        every = np.arange(count, dtype=np.int64)
        fields = self.maps(every)
        made = {
            "event_id": self.event_ids(every),
            "process": constant(self.process, count),
            "objects": self.objects(every),
            "fields": rest_fields(list(fields), list(fields.values()), count),
        }
        columns = {name: self.columns.column(name) for name in self.columns.column_names}
        columns |= {name: pa.chunked_array([column]) for name, column in made.items()}
        table = pa.table(
            [
                pc.cast(columns[field.name], field.type) if field.name in columns else pa.nulls(count, field.type)
                for field in EVENT_SCHEMA
            ],
            schema=EVENT_SCHEMA,
        )
        return tuple(table.unify_dictionaries().combine_chunks().to_batches(max_chunksize=BATCH_ROWS))

    def event_ids(self, rows: Rows) -> pa.StringArray:
        """Ids of the events at `rows`."""
        return pa.array([f"{line:012d}" for line in _at(self.first, rows).tolist()], pa.string())

    def trace_ids(self, rows: Rows) -> pa.StringArray:
        """A file has none."""
        return pa.nulls(len(rows), pa.string())

    def objects(self, rows: Rows) -> pa.ListArray:
        """Objects of the events at `rows`, that of the case first."""
        if self.raw.objects is not None:
            return taken(self.raw.objects, _at(self.first, rows))
        return case_objects(taken(self.columns.column("case_id"), rows).cast(pa.string()), self.leading)

    def maps(self, rows: Rows) -> dict[str, pa.Array]:
        """Further columns of the events at `rows` by name."""
        first = _at(self.first, rows)
        last = first if self.last is self.first else _at(self.last, rows)
        return {name: merged(words_of(self.raw.columns[index]), first, last) for name, index in self.rest.items()}


def _at(lines: Rows | None, rows: Rows) -> Rows:
    return rows if lines is None else lines[rows]
