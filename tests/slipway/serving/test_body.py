"""Bodies that are too large, too slow or too many, and clients that leave."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from starlette.requests import Request

from slipway.serving import body
from slipway.serving.app import build
from slipway.serving.body import LEAST_BODY, ROW_BYTES, Bodies
from slipway.serving.refusal import Refusal
from slipway.serving.served import Served
from tests.slipway.serving.browser import Browser
from tests.slipway.serving.test_inference import INFER

LARGEST = LEAST_BODY + 1000 * ROW_BYTES
"""Of a version whose card allows 1000 rows."""


def refused(name: str, fed: str, status: str, reason: str) -> pytest.MarkDecorator:
    """The row of a body that is not read to its end."""
    return pytest.mark.gate(
        name,
        fed=fed,
        stops="serve",
        exit=status,
        reason=reason,
        untouched="nothing scored, nothing of it kept in memory",
    )


SIZE = refused(
    "serve.body_size",
    "a body of more than 2 KiB for each row that serving.max_rows allows, announced or in chunks",
    "413",
    f"body: more than {LARGEST} bytes",
)


@pytest.fixture
def served_bodies(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Bodies]]:
    """The readers of what a test builds: in the end they hold nothing, and nothing was scored."""
    made: list[Bodies] = []
    begin = Bodies.__init__

    def noted(self: Bodies, max_rows: int) -> None:
        begin(self, max_rows)
        made.append(self)

    monkeypatch.setattr(Bodies, "__init__", noted)
    monkeypatch.setattr(Served, "answer", lambda *_: pytest.fail("scored"))
    yield made
    assert [one.held for one in made] == [{}]


@pytest.fixture
def strict(served: Served, served_bodies: list[Bodies]) -> Browser:
    """An application that must score nothing."""
    return Browser(build(served))


async def pieces(count: int, size: int = 2**20) -> AsyncIterator[bytes]:
    """A body in chunks, which announces no length."""
    for _ in range(count):
        yield b" " * size


async def stalled() -> AsyncIterator[bytes]:
    """One byte, and then nothing for ever."""
    yield b"{"
    await asyncio.Event().wait()


@SIZE
def test_an_announced_size_is_refused_at_once(strict: Browser) -> None:
    """Before the first byte of it."""
    answer = strict.post(INFER, content=stalled(), headers={"Content-Length": str(LARGEST + 1)})

    assert answer.status_code == 413
    assert answer.json()["error"] == f"content-length: {LARGEST + 1} bytes, at most {LARGEST}"


@SIZE
@pytest.mark.parametrize("path", [INFER, "/predict"])
def test_an_unannounced_size_is_refused_when_it_is_reached(strict: Browser, path: str) -> None:
    """Chunk by chunk."""
    answer = strict.post(path, content=pieces(9))

    assert (answer.status_code, answer.json()) == (413, {"error": f"body: more than {LARGEST} bytes"})


@refused(
    "serve.body_time",
    "a body that does not end",
    "408",
    "body: not whole after 10 s",
)
@pytest.mark.parametrize("path", [INFER, "/predict"])
def test_a_body_that_stalls_is_cut_off(strict: Browser, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Its place is free for others."""
    monkeypatch.setattr(body, "SECONDS", 0.1)
    answer = strict.post(path, content=stalled())

    assert (answer.status_code, answer.json()) == (408, {"error": "body: not whole after 0.1 s"})


@refused(
    "serve.body_memory",
    "halves of bodies that together are larger than sixteen of the largest",
    "429",
    "body: the slowest of too many under way; send it at once",
)
def test_a_slow_body_takes_no_other_ones_place(served_bodies: list[Bodies], served: Served) -> None:
    """Seventeen are whole but for a byte, and another comes: the first of them goes, none of the rest."""
    build(served)
    bodies = served_bodies[0]

    async def run() -> None:
        slow = [asyncio.create_task(bodies.read(sending(LARGEST - 1, asyncio.Event()))) for _ in range(16)]
        while sum(bodies.held.values()) < 16 * (LARGEST - 1):
            await asyncio.sleep(0)
        whole = asyncio.Event()
        whole.set()
        assert await bodies.read(sending(100, whole)) == b" " * 100
        with pytest.raises(Refusal, match="body: the slowest of too many under way") as refusal:
            await slow[0]
        assert refusal.value.status == 429
        assert [task.done() for task in slow] == [True] + [False] * 15
        for task in slow[1:]:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    asyncio.run(asyncio.wait_for(run(), 60))


def sending(size: int, whole: asyncio.Event) -> Request:
    """A request whose body is whole once it is said."""
    pieces = [{"type": "http.request", "body": b" " * size, "more_body": True}]

    async def receive() -> dict[str, Any]:
        if pieces:
            return pieces.pop()
        await whole.wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


@refused(
    "serve.client_left",
    "half a body, and the client hangs up",
    "499",
    "body: the client left before its end",
)
def test_a_client_that_leaves_is_no_server_error(strict: Browser) -> None:
    """Nothing is logged as an exception, and what is counted is not a 500."""
    said: list[dict[str, Any]] = []
    waiting = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {"type": "http", "method": "POST", "path": INFER, "headers": [], "query_string": b""}
    asyncio.run(strict.transport.app(scope, receive, send))

    assert said[0]["status"] == 499
    assert 'code="499"' in strict.get("/metrics").text
    assert 'code="500"' not in strict.get("/metrics").text
