"""Cases of a partition on disk, for the second look that exact quantiles need."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mining.part import Part
from mining.summary.exact import Source

_TIMES: Final = ("start", "end", "enabled")


class Shelf:
    """Parts in order; one is in memory at a time, and of it only what the second look looks at.

    Iterating gives the parts with the words of their codes, as often as asked for.
    """

    def __init__(self, folder: Path, columns: Sequence[str]) -> None:
        """`columns`: the word columns that are kept."""
        self._folder, self._columns = folder, tuple(columns)
        self._names: list[dict[str, Sequence[str]]] = []

    def put(self, part: Part, names: dict[str, tuple[str, ...]]) -> None:
        """Write a part of an arena. OSError where the disk is full."""
        wanted = [name for name in self._columns if name in part.codes]
        columns = {name: getattr(part, name) for name in _TIMES if getattr(part, name) is not None}
        columns |= {name: part.codes[name] for name in wanted}
        place = len(self._names)
        self._write(f"events-{place}", {name: pa.array(values) for name, values in columns.items()})
        self._write(f"cases-{place}", {"first": pa.array(part.first), "last": pa.array(part.last)})
        self._names.append({name: names[name] for name in wanted})

    def __iter__(self) -> Iterator[Source]:
        for place, names in enumerate(self._names):
            events, cases = self._read(f"events-{place}"), self._read(f"cases-{place}")
            yield (
                Part(
                    first=cases["first"],
                    last=cases["last"],
                    start=events["start"],
                    end=events["end"],
                    enabled=events.get("enabled"),
                    codes={name: events[name] for name in names},
                    size={name: len(words) for name, words in names.items()},
                    free=np.load(self.free(place)) if self.free(place).exists() else None,
                    error=np.broadcast_to(np.bool_(False), len(events["start"])),
                ),
                names,
            )

    def free(self, place: int) -> Path:
        """The file, if any, that says for the part put there since when actors were free: int64, one a row."""
        return self._folder / f"free-{place}.npy"

    def _write(self, name: str, columns: dict[str, pa.Array]) -> None:
        batch = pa.RecordBatch.from_pydict(columns)
        with pa.OSFile(str(self._folder / f"{name}.arrow"), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as file:
            file.write_batch(batch)

    def _read(self, name: str) -> dict[str, npt.NDArray[Any]]:
        file = self._folder / f"{name}.arrow"
        with pa.OSFile(str(file), "rb") as source, pa.ipc.open_file(source) as reader:
            batch = reader.get_batch(0)
        return {column: np.array(batch.column(column).to_numpy()) for column in batch.schema.names}
