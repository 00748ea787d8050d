"""Sends prepared requests over several connections, from a process of its own: that costs no server's time."""

import multiprocessing
import multiprocessing.connection
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Form = Literal["protobuf", "json"]
_CONTENT_TYPES: dict[Form, str] = {"protobuf": "application/x-protobuf", "json": "application/json"}


@dataclass(frozen=True)
class Sent:
    """What became of the requests: seconds, one figure a request, sorted."""

    seconds: float
    """From the first byte to the last acknowledgement."""
    acknowledged: list[float]
    """From the time it was to be sent (where a rate was wanted), or was sent, to the acknowledgement."""
    late: list[float]
    """How much later than wanted the sender itself was: because the machine was busy or all connections were."""


def send(port: int, form: Form, bodies: Sequence[bytes], *, connections: int = 8, each_second: float = 0.0) -> Sent:
    """Send all gzip `bodies`, `each_second` of them or, where that is 0, as fast as they are acknowledged.

    At a rate the times are fixed beforehand: a server that is slow does not get less to do, and the wait of what could
    not be sent in time counts. Raises RuntimeError where a request is answered with anything but 200.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_child, args=(theirs, port, form, list(bodies), connections, each_second))
    child.start()
    theirs.close()
    try:
        told = ours.recv()
    except EOFError:
        raise RuntimeError("the sender ended without a word") from None
    finally:
        child.join()
        ours.close()
    if isinstance(told, str):
        raise RuntimeError(told)
    assert isinstance(told, Sent)
    return told


def _child(
    pipe: "multiprocessing.connection.Connection[object, object]",
    port: int,
    form: Form,
    bodies: list[bytes],
    connections: int,
    each_second: float,
) -> None:
    try:
        pipe.send(_send(port, [_request(form, body) for body in bodies], connections, each_second))
    except Exception as error:
        pipe.send(f"sending to port {port}: {error!r}")


def _request(form: Form, body: bytes) -> bytes:
    head = (
        f"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: {_CONTENT_TYPES[form]}\r\n"
        f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _send(port: int, requests: list[bytes], connections: int, each_second: float) -> Sent:
    acknowledged: list[float] = []
    late: list[float] = []
    failed: list[Exception] = []
    numbers = iter(range(len(requests)))
    turn = threading.Lock()
    opened = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    for each in opened:
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    began = time.perf_counter() + 0.05

    def work(connection: socket.socket) -> None:
        try:
            while not failed:
                with turn:
                    number = next(numbers, None)
                if number is None:
                    return
                due = began + number / each_second if each_second else max(began, time.perf_counter())
                if (wait := due - time.perf_counter()) > 0:
                    time.sleep(wait)
                late.append(time.perf_counter() - due)
                connection.sendall(requests[number])
                _answer(connection)
                acknowledged.append(time.perf_counter() - due)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(each,)) for each in opened]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    for each in opened:
        each.close()
    if failed:
        raise failed[0]
    return Sent(seconds, sorted(acknowledged), sorted(late))


def _answer(connection: socket.socket) -> None:
    """Read one response whole; RuntimeError where it is no 200."""
    got = b""
    while b"\r\n\r\n" not in got:
        chunk = connection.recv(4096)
        if not chunk:
            raise RuntimeError("the connection was closed")
        got += chunk
    head, _, body = got.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(got.decode("latin-1")[:300])
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += connection.recv(4096)
