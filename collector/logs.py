"""Where the collector's processes log: standard error; readable on a terminal, JSON lines elsewhere."""

import contextlib
import io
import logging
import sys
from typing import TextIO, cast

import structlog


class _Patient(io.TextIOBase):
    """Standard error; on a full disk lines are lost, and not the process that could wait for room."""

    def write(self, line: str) -> int:
        """As far as there is room."""
        with contextlib.suppress(OSError):
            return sys.stderr.write(line)
        return 0

    def flush(self) -> None:
        """As far as there is room."""
        with contextlib.suppress(OSError):
            sys.stderr.flush()


def configure() -> None:
    """Set structlog up, unless somebody has already."""
    if structlog.is_configured():
        return
    terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if terminal else [structlog.processors.dict_tracebacks]),
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Patient())),
        cache_logger_on_first_use=False,
    )
