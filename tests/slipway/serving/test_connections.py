"""Clients that stall are cut off, by uvicorn's own server with a short patience."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
import uvicorn

from slipway.serving import connections
from slipway.serving.connections import Connection

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
ANSWERED = HEAD + b"Content-Length: 0\r\n\r\n"
MIDDLE, LARGE = 60_000, 4 * 2**20
"""Bytes of an answer that a socket does not hold but uvicorn does, and of one that neither holds."""
WAIT_S = 20
CUT = r"[Rr]eset|[Bb]roken pipe|aborted"

STALLED = pytest.mark.gate(
    "serve.stalled",
    fed="1,000 clients that send nothing, half a head or half a body, and others that take no answer",
    stops="serve",
    exit=0,
    reason="the connection is closed after 10 s",
    untouched="sound requests are answered meanwhile",
)
CROWD = pytest.mark.gate(
    "serve.connections",
    fed="more clients at once than connections, each with half a request that it never finishes",
    stops="serve",
    exit=0,
    reason="the connection that was waited for the longest is closed",
    untouched="a client that sends a whole request gets its answer",
)


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """So many bytes as the path says, whatever was sent."""
    body = b"x" * int(scope["path"].strip("/") or 2)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for start in range(0, len(body), 2**16):
        part = body[start : start + 2**16]
        await send({"type": "http.response.body", "body": part, "more_body": start + len(part) < len(body)})


class Serving(uvicorn.Server):
    """Serves from a thread."""

    def __init__(self, listening: socket.socket, keep_alive: float) -> None:
        options = {"http": Connection, "lifespan": "off", "loop": "asyncio", "log_config": None}
        super().__init__(uvicorn.Config(answer, timeout_keep_alive=keep_alive, **options))  # type: ignore[arg-type]
        self.listening = listening
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say when it listens."""
        await super().startup(sockets)
        self.up.set()

    def serve_here(self) -> None:
        """Until it is told to leave."""
        asyncio.run(self._serve([self.listening]))


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Serving]:
    """A server that waits half a second for whatever it waits for."""
    monkeypatch.setattr(connections, "SECONDS", 0.5)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        made = Serving(listening, keep_alive=getattr(request, "param", 60))
        thread = threading.Thread(target=made.serve_here)
        thread.start()
        assert made.up.wait(60)
        yield made
        made.force_exit = made.should_exit = True
        thread.join()


@pytest.fixture
def client(serving: Serving) -> Iterator[socket.socket]:
    """One client, which waits for a minute at most."""
    with closing(socket.socket()) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.settimeout(60)
        made.connect(serving.listening.getsockname())
        yield made


def rest(client: socket.socket) -> bytes:
    """What comes until the server hangs up."""
    found = b""
    try:
        while part := client.recv(2**20):
            found += part
    except ConnectionResetError:
        pass
    return found


def pour(client: socket.socket, piece: bytes) -> None:
    """Send until the server has hung up."""
    while True:
        client.sendall(piece)


LINES = b"ab:\r\n" * 60
LONG = [
    HEAD + LINES + LINES,
    HEAD + LINES + LINES + b"Content-Length: 9\r\n\r\n",
    HEAD + b"ab:\n" * 101 + b"\n",
    HEAD + b"X: " + b"y" * 17_000 + b"\r\n\r\n",
    ANSWERED + HEAD + LINES + LINES + b"\r\n",
]


@pytest.mark.gate(
    "serve.head",
    fed="a head of many short lines, whole or not, or behind another request; one of more than 16 KiB",
    stops="serve",
    exit=0,
    reason="400: head: expected at most 16384 bytes and 100 lines",
    untouched="it is not parsed, and the connection is closed",
)
@pytest.mark.parametrize("sent", LONG)
def test_a_long_head_is_not_parsed(client: socket.socket, sent: bytes) -> None:
    """Parsed, 13,000 lines in each of 512 connections take a gigabyte."""
    client.sendall(sent)

    assert b"head: expected at most 16384 bytes and 100 lines" in rest(client)


@pytest.mark.gate("serve.head")
def test_a_long_head_in_pieces_is_not_parsed(client: socket.socket) -> None:
    """Each of them is short."""
    client.sendall(HEAD + LINES)
    time.sleep(0.05)
    client.sendall(LINES)

    assert b"head: expected at most" in rest(client)


CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
SMALL = b"1\r\n \r\n"
LAST = b"0\r\n\r\n"


@pytest.mark.gate(
    "serve.chunks",
    fed="a body in 2,000 chunks of one byte",
    stops="serve",
    exit=0,
    reason="400: chunks: 1001 of 1001 bytes, expected 64 in each",
    untouched="no more of it is parsed, and the connection is closed",
)
def test_a_body_of_small_chunks_is_not_parsed(client: socket.socket) -> None:
    """Each takes as much of everybody's time as a large one, and 2 MiB of them would take half a minute."""
    client.sendall(CHUNKS + SMALL * 2000)

    assert b"chunks: 1001 of 1001 bytes, expected 64 in each" in rest(client)


@pytest.mark.gate("serve.chunks")
def test_small_chunks_behind_an_answer_are_not_parsed(client: socket.socket) -> None:
    """There is nothing left to say."""
    client.sendall(CHUNKS + SMALL)
    assert client.recv(12) == b"HTTP/1.1 200"
    client.sendall(SMALL * 2000)

    assert rest(client).endswith(b"xx")


@pytest.mark.parametrize("chunks", [SMALL * 999, (b"40\r\n" + b" " * 64 + b"\r\n") * 1100])
def test_a_body_as_clients_send_them_is_parsed(client: socket.socket, chunks: bytes) -> None:
    """Few small chunks, in each request anew, or any number of larger ones."""
    for _ in range(2 if chunks.startswith(SMALL) else 1):
        client.sendall(CHUNKS + chunks + LAST)
        found = b""
        while not found.endswith(b"xx"):
            found += client.recv(2**16)
        assert found.startswith(b"HTTP/1.1 200")


def test_a_head_as_proxies_send_them_is_parsed(client: socket.socket) -> None:
    """Many lines, and a cookie of eight kilobytes."""
    client.sendall(HEAD + b"ab: c\r\n" * 90 + b"Cookie: " + b"y" * 8192 + b"\r\nContent-Length: 0\r\n\r\n")

    assert client.recv(12) == b"HTTP/1.1 200"


@STALLED
@pytest.mark.parametrize("sent", [b"", b"P", HEAD, HEAD + b"X: y\r\n"])
def test_half_a_head_is_not_waited_for(client: socket.socket, sent: bytes) -> None:
    """Nor is no head at all, right after the connection."""
    client.sendall(sent)

    assert rest(client) == b""


@STALLED
def test_half_a_second_head_is_not_waited_for(client: socket.socket) -> None:
    """The first request was answered."""
    client.sendall(ANSWERED)
    assert client.recv(12) == b"HTTP/1.1 200"
    client.sendall(b"P")

    assert rest(client).endswith(b"xx")


@STALLED
def test_a_byte_now_and_then_buys_no_time(client: socket.socket) -> None:
    """It ends although something always comes."""
    with pytest.raises(OSError, match=CUT):
        pour(client, b"a")


@STALLED
def test_a_refused_body_is_not_read_for_ever(client: socket.socket) -> None:
    """The answer came at once, and the client goes on sending."""
    client.sendall(HEAD + b"Content-Length: 99999999999\r\n\r\n")
    assert client.recv(12) == b"HTTP/1.1 200"

    with pytest.raises(OSError, match=CUT):
        pour(client, b" " * 2**16)


@STALLED
def test_a_large_answer_that_is_not_taken_is_dropped(client: socket.socket) -> None:
    """Nothing is taken until the server has given up, which shows when it takes no more either."""
    client.sendall(asking_for(LARGE))
    with pytest.raises(OSError, match=CUT):
        pour(client, b" ")

    assert len(rest(client)) < LARGE


@STALLED
@pytest.mark.parametrize(
    ("serving", "more"), [(0.1, b""), (60, b"Connection: close\r\n")], indirect=["serving"]
)
def test_the_end_of_an_answer_that_is_not_taken_is_dropped(
    serving: Serving, client: socket.socket, more: bytes
) -> None:
    """uvicorn is done with it, and would wait for ever to hang up; the client neither sends nor takes."""
    client.sendall(asking_for(MIDDLE, more))
    client.recv(1)

    assert dropped(serving)
    assert len(rest(client)) < MIDDLE


@STALLED
def test_a_patient_client_is_served(client: socket.socket) -> None:
    """Requests whose heads come whole are answered, for longer than a stalled one is borne."""
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        assert answered(client)


@CROWD
def test_slow_clients_take_no_other_ones_place(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes when it is full takes the place of the slowest; one that was just answered stays."""
    monkeypatch.setattr(connections, "SECONDS", 600)
    monkeypatch.setattr(connections, "MOST", 4)
    with ExitStack() as stack:
        kept, *slow = (stack.enter_context(connected(serving)) for _ in range(4))
        assert answered(kept)
        for client in slow:
            client.sendall(HEAD)
        new = [stack.enter_context(connected(serving)) for _ in range(3)]
        assert [answered(client) for client in new] == [True] * 3
        assert [rest(client) for client in slow] == [b""] * 3
        assert answered(kept)


def connected(serving: Serving) -> socket.socket:
    """A client, which the server has seen."""
    return socket.create_connection(serving.listening.getsockname(), timeout=60)


def answered(client: socket.socket) -> bool:
    """Whether a whole request gets its answer."""
    client.sendall(ANSWERED)
    found = b""
    while not found.endswith(b"xx"):
        part = client.recv(4096)
        if not part:
            return False
        found += part
    return found.startswith(b"HTTP/1.1 200")


def dropped(serving: Serving) -> bool:
    """Whether the server holds its only connection no longer."""
    end = time.monotonic() + WAIT_S
    while serving.server_state.connections and time.monotonic() < end:
        time.sleep(0.05)
    return not serving.server_state.connections


def asking_for(size: int, more: bytes = b"") -> bytes:
    """A request for an answer of that size, with more in its head."""
    return ANSWERED.replace(b"/ ", f"/{size} ".encode()).replace(b"Host: a\r\n", b"Host: a\r\n" + more)
