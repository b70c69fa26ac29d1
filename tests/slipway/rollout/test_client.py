"""The HTTP client: a request ends in time whatever the server does, and a connection is used again."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from slipway.rollout.client import Client

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[int]]]:
    """A server that treats each connection in its own way; its address, and the connections so far."""
    made: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    made.append(connection.fileno())
                    with connection, suppress(OSError):
                        answer(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", made
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def trickle(first: bytes, again: bytes) -> Callable[[socket.socket], None]:
    """Begin an answer and add to it for as long as anybody listens; no pause reaches the timeout."""

    def send(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(first)
        pause = threading.Event()
        while not pause.wait(0.01):
            connection.sendall(again)

    return send


def answers(head: bytes) -> Callable[[socket.socket], None]:
    """The same answer to each request of a connection."""

    def send(connection: socket.socket) -> None:
        while connection.recv(65536):
            connection.sendall(head + b"\r\nok")
            if b"close" in head:
                return

    return send


@pytest.mark.parametrize(
    ("first", "again"),
    [(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"), (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x")],
)
def test_an_answer_that_trickles_is_a_failure(first: bytes, again: bytes) -> None:
    """Headers or body: each byte comes in time, the whole does not."""
    with server(trickle(first, again)) as (url, _):
        client = Client(url, 0.3)
        reply = client.get("/")
        client.close()

    assert (reply.status, reply.content) == (0, b"timed out")


def test_silence_is_a_failure() -> None:
    """The server takes the request and says nothing."""
    with server(lambda connection: [*iter(lambda: connection.recv(65536), b"")] and None) as (url, _):
        client = Client(url, 0.3)
        reply = client.post("/", b"{}")
        client.close()

    assert (reply.status, reply.content) == (0, b"timed out")


@pytest.mark.parametrize(("more", "connections"), [(b"", 1), (b"Connection: close\r\n", 3)])
def test_a_connection_is_used_again_unless_the_server_closes_it(more: bytes, connections: int) -> None:
    """Every answer is whole either way."""
    with server(answers(HEAD + more)) as (url, made):
        client = Client(url, 5.0)
        replies = [client.post("/", b"{}") for _ in range(3)]
        client.close()

    assert [(reply.status, reply.content) for reply in replies] == [(200, b"ok")] * 3
    assert len(made) == connections
