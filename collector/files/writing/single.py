"""A log holds one process."""

import pyarrow as pa
import pyarrow.compute as pc

from collector.files.writing import About
from collector.vocabulary.errors import PermanentError
from collector.vocabulary.languages import text


class SingleProcess:
    """Sees to it that all batches are of one process."""

    def __init__(self, about: About) -> None:
        self._about = about
        self._name: str | None = None

    def check(self, batch: pa.RecordBatch) -> None:
        """PermanentError for a batch of another process, or one that lacks columns."""
        if "case_id" not in batch.schema.names or "objects" not in batch.schema.names:
            message = text(
                self._about.language, "{file}: needs all columns: leave out --columns", file=self._about.path
            )
            raise PermanentError(message)
        for name in pc.unique(batch.column("process").cast(pa.string())).to_pylist():
            if self._name is None:
                self._name = name
            elif name != self._name:
                message = "{file}: holds one process, and there are {one} and {other}: say which with --process"
                raise PermanentError(
                    text(self._about.language, message, file=self._about.path, one=self._name, other=name)
                )

    @property
    def leading(self) -> str:
        """Object type of its cases."""
        return self._about.leading.get(self._name or "", "case")
