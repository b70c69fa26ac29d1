"""One address of this machine, whichever server production is at: a request goes to that of its moment.

A connection of a client outlives the server that answered its last request, so nobody's request fails because
production moved. Connections are bounded as those of the service are; bodies and answers pass as they come.
"""

import asyncio
import ipaddress
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.responses import JSONResponse

from slipway.base.errors import SlipwayError
from slipway.serving.connections import Connection
from slipway.serving.refusal import Refusal

ANSWER_S = 30
"""Seconds that a request under way has to be answered where its server or the front is about to stop; the
service gives up by then, too."""
FRESH_S = 1.0
"""A connection to a server that was idle for longer is opened anew: servers close theirs after seconds."""
TOLD = ("/metrics", "/openapi.json")
"""What this machine alone is told."""
OWN_HOP = frozenset(
    [b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"]
)
"""Headers about one connection (RFC 9110, 7.6.1)."""


class Way:
    """To one server, and how many requests are under way on it."""

    def __init__(self, url: str) -> None:
        self.url = httpx.URL(url)
        self.under_way = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def __enter__(self) -> None:
        self.under_way += 1
        self.idle.clear()

    def __exit__(self, *_: object) -> None:
        self.under_way -= 1
        if self.under_way == 0:
            self.idle.set()


class Front:
    """Listens while its `open` lasts; answers 503 as long as it leads nowhere."""

    def __init__(self, taken: socket.socket, portal: BlockingPortal) -> None:
        """Take a socket that listens, and the event loop of a thread."""
        self.host, self.port = taken.getsockname()[:2]
        self._portal = portal
        self._way: Way | None = None
        self._client = httpx.AsyncClient(
            trust_env=False,
            timeout=httpx.Timeout(2 * ANSWER_S, connect=5),
            limits=httpx.Limits(keepalive_expiry=FRESH_S),
        )

    @property
    def url(self) -> str:
        """Where it answers, as seen from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def lead(self, url: str) -> None:
        """Send requests to a server from now on, and wait until the one before has answered what it has.

        One that takes longer than `ANSWER_S` is waited for no more.
        """
        before = self._portal.call(self._turn, url)
        if before is not None:
            self._portal.call(_quiet, before)

    async def close(self) -> None:
        """Let go of the connections to servers."""
        await self._client.aclose()

    def _turn(self, url: str) -> Way | None:
        # In the thread of the requests: none is between looking where to go and being counted.
        before, self._way = self._way, Way(url)
        return before

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, and its answer back."""
        way = self._way
        try:
            if way is None:
                raise Refusal(503, "no server is ready yet")
            _require_told(scope["path"], self.host)
            with way:
                await self._passed(way, scope, receive, send)
        except Refusal as refusal:
            await JSONResponse({"error": refusal.reason}, refusal.status)(scope, receive, send)

    async def _passed(self, way: Way, scope: Any, receive: Any, send: Any) -> None:
        headers = [(name, value) for name, value in scope["headers"] if name not in OWN_HOP]
        sends = {name for name, _ in scope["headers"]} & {b"content-length", b"transfer-encoding"}
        # The bytes that came: no path is read in two ways.
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        request = httpx.Request(
            scope["method"],
            way.url,
            headers=headers,
            content=_body(receive) if sends else None,
            extensions={"target": target, "timeout": self._client.timeout.as_dict()},
        )
        try:
            answer = await self._client.send(request, stream=True)
        except httpx.TransportError as error:
            said = f"the server of this version gave no answer: {type(error).__name__}"
            raise Refusal(503, said) from error
        try:
            kept = [(name.lower(), value) for name, value in answer.headers.raw]
            kept = [(name, value) for name, value in kept if name not in OWN_HOP]
            start = {"type": "http.response.start", "status": answer.status_code, "headers": kept}
            await send(start)
            async for part in answer.aiter_raw():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()


@contextmanager
def opened(host: str, port: int) -> Iterator[Front]:
    """Listen at an address; afterwards nobody is let in, and what is under way is answered.

    Raises:
        SlipwayError: the address cannot be had.
    """
    with _bound(host, port) as taken, start_blocking_portal() as portal:
        front = portal.call(Front, taken, portal)
        config = uvicorn.Config(
            front,
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=ANSWER_S,
        )
        server = uvicorn.Server(config)
        over = portal.start_task_soon(server.serve, [taken])
        try:
            yield front
        finally:
            server.should_exit = True
            over.result()
            portal.call(front.close)


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        said = str(error) if error.errno is None else os.strerror(error.errno)
        raise SlipwayError(
            f"port {port} on {host}: {said}; choose another, or 0 for any"
        ) from error  # guard serve.port


async def _quiet(way: Way) -> None:
    try:
        await asyncio.wait_for(way.idle.wait(), ANSWER_S)
    except TimeoutError:
        return


async def _body(receive: Any) -> Any:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise httpx.ReadError("the client hung up")
        more = message.get("more_body", False)
        if message.get("body"):
            yield message["body"]


def _require_told(path: str, host: str) -> None:
    if path in TOLD and not is_loopback(host):
        raise Refusal(404, "Not Found")  # guard serve.told
