"""A real PostgreSQL and a real MariaDB for a test: fresh data folders, free ports, ended by their process ids."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy

POSTGRESQL = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None, key=lambda path: float(path.parent.name))
"""Debian keeps the server out of PATH."""
if POSTGRESQL is None and (_found := shutil.which("postgres")):
    POSTGRESQL = Path(_found).parent
MARIADB = shutil.which("mariadbd") or next((path for path in ("/usr/sbin/mariadbd",) if Path(path).exists()), None)


def _user(*names: str) -> str | None:
    """Somebody to be instead of root, whom servers refuse; None where we are somebody else already."""
    if os.getuid() != 0:
        return None
    for name in (*names, "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _folder(user: str | None) -> Iterator[Path]:
    # Not pytest's: other users may not enter that.
    folder = Path(tempfile.mkdtemp(prefix="houtai-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(command: Sequence[str], user: str | None, log: Path, url: str, end: signal.Signals) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, user=user, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent)
    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            try:
                engine.connect().close()
                break
            except sqlalchemy.exc.OperationalError:
                time.sleep(0.1)
        yield
    finally:
        process.send_signal(end)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _make(command: Sequence[str], user: str | None, folder: Path) -> None:
    done = subprocess.run(command, user=user, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@contextlib.contextmanager
def postgresql(*options: str) -> Iterator[str]:
    """A server whose superuser is `postgres`; gives its URL."""
    assert POSTGRESQL is not None
    user = _user("postgres")
    port = free_port()
    with _folder(user) as folder:
        data = folder / "data"
        initdb = [str(POSTGRESQL / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"]
        _make([*initdb, "-E", "UTF8", "--locale=C.UTF-8"], user, folder)
        command = [str(POSTGRESQL / "postgres"), "-D", str(data), "-k", str(folder), "-h", "127.0.0.1"]
        command += ["-p", str(port), "-c", "fsync=off", "-c", "wal_level=logical"]
        for option in options:
            command += ["-c", option]
        url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        # SIGINT: "fast" shutdown, which does not wait for clients.
        with _running(command, user, folder / "log", url, signal.SIGINT):
            yield url


@contextlib.contextmanager
def mariadb(*options: str) -> Iterator[str]:
    """A server with a database `shop`; gives the URL of its `root`."""
    assert MARIADB is not None
    user = _user("mysql")
    port = free_port()
    with _folder(user) as folder:
        data = folder / "data"
        install = shutil.which("mariadb-install-db") or "/usr/bin/mariadb-install-db"
        made = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        _make([*made, "--skip-test-db"], user, folder)
        command = [MARIADB, "--no-defaults", f"--datadir={data}", f"--socket={folder / 'socket'}", f"--port={port}"]
        command += ["--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}", "--innodb-flush-log-at-trx-commit=0"]
        command += [f"--{option}" for option in options]
        url = f"mysql+pymysql://root@127.0.0.1:{port}"
        with _running(command, user, folder / "log", url, signal.SIGTERM):
            engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
            with engine.begin() as connection:
                connection.exec_driver_sql("create database shop character set utf8mb4")
            yield f"{url}/shop?charset=utf8mb4"
