"""What a collector's process tells the others of the machine about itself, and how it finds a port."""

import contextlib
import json
import logging
import os
import resource
import socket
import sys
from pathlib import Path
from typing import Final, NoReturn

from collector.vocabulary.errors import PermanentError

_CONNECTIONS: Final = 8192


def open_folder(data: Path) -> None:
    """Make the data folder where there is none; PermanentError where it can't be made or written to."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise PermanentError(f"{data}: is a file, not a data folder") from error
    except OSError as error:
        raise PermanentError(f"{data}: the data folder cannot be made ({error.strerror})") from error
    if not os.access(data, os.W_OK | os.X_OK):
        raise PermanentError(f"{data}: the data folder cannot be written to")


def leave() -> NoReturn:
    """End the process without taking the interpreter apart, once all that matters is closed.

    Threads of granian may still reach for the interpreter; one that finds it half gone aborts the process.
    """
    with contextlib.suppress(OSError):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


def write_run_file(data: Path, name: str, host: str, port: int) -> None:
    """Say in `data/run/NAME.json` which process serves where; readers never see half of it."""
    folder = data / "run"
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{name}.{os.getpid()}"
    fresh.write_text(json.dumps({"pid": os.getpid(), "host": host, "port": port}))
    fresh.replace(folder / f"{name}.json")


def remove_run_file(data: Path, name: str) -> None:
    """Take the run file away, if it is ours."""
    path = data / "run" / f"{name}.json"
    with contextlib.suppress(OSError, ValueError):
        if json.loads(path.read_text())["pid"] == os.getpid():
            path.unlink()


def most_connections() -> int:
    """How many connections the process may hold, after asking the system for as many as it gives."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * _CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, 2 * _CONNECTIONS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Half of them is for files.
    return _CONNECTIONS if soft == resource.RLIM_INFINITY else max(128, min(_CONNECTIONS, soft // 2))


def usable_port(host: str, port: int, setting: str) -> int:
    """`port`, or a free one where it is 0; PermanentError where it is taken.

    granian shares its port (SO_REUSEPORT): without this, two services would answer in turns.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PermanentError(f"{setting}: {host}:{port} cannot be used: {error.strerror}") from error
        return int(probe.getsockname()[1])
