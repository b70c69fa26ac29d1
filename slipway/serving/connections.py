"""HTTP connections: one parser wherever the service runs, and none kept open for a client that stalls.

uvicorn bounds only the time between two requests. A client that sends nothing, or half a head, or does not
read its answer would keep a connection open for ever. Many such clients take no other's place: each newcomer
beyond `MOST` takes that of the connection which its client has left waiting for the longest.
"""

import re
from asyncio import TimerHandle, Transport
from typing import Any

import h11
from starlette.responses import JSONResponse
from uvicorn import config
from uvicorn.protocols.http.h11_impl import H11Protocol

from slipway.serving.refusal import Refusal

SECONDS = 10.0
"""How long a client may take to send the head of a request, and to read an answer that waits for it."""

MOST = 512
"""Connections at once; a process may often open 1,024 files."""

MOST_HEAD, MOST_LINES = 16 * 2**10, 100
"""Bytes and lines of a head. Parsed, a short line takes twenty times its size, in each of the connections."""
_END = re.compile(rb"\n\r?\n")

FREE_CHUNKS, CHUNK = 1000, 64
"""Chunks that a body may have whatever their size, and bytes of each beyond; h11 parses each for itself."""


class Connection(H11Protocol):
    """One client. A request for a WebSocket is treated as a plain one."""

    _head: TimerHandle | None = None
    _answer: TimerHandle | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.app = _framed(self.app)
        self.conn = _Parser(h11.SERVER, self.conn._max_incomplete_event_size)
        self.since = self.loop.time()
        # Else uvicorn hands such a connection to a WebSocket protocol, which this one does not watch.
        self.ws_protocol_class = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Start the timer: the first head is due."""
        super().connection_made(transport)
        self._watch()  # guard serve.stalled
        if len(self.connections) > MOST:
            self._take_a_place()  # guard serve.connections

    def data_received(self, data: bytes) -> None:
        """Only a whole head stops the timer; single bytes do not restart it."""
        super().data_received(data)
        self._watch()  # guard serve.stalled

    def handle_events(self) -> None:
        """Parse what has come; h11 bounds a head only while it is not whole, and no lines of it."""
        try:
            if self.conn.their_state is h11.IDLE:
                _require_short(self.conn.trailing_data[0])
            super().handle_events()
        except Refusal as refusal:
            # More of it comes until the client has read the answer, which may be on its way already.
            if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
                self.transport.close()
            elif not self.transport.is_closing():
                self.send_400_response(refusal.reason)

    def pause_writing(self) -> None:
        """The client does not read its answer: drop it unless it goes on in time."""
        super().pause_writing()
        self._answer = self.loop.call_later(SECONDS, self.transport.abort)

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, and do not wait for the client to agree."""
        super().timeout_keep_alive_handler()
        self._leave()  # guard serve.stalled

    def on_response_complete(self) -> None:
        """After the last answer of a connection that is not kept alive, bound how long closing takes."""
        super().on_response_complete()
        self.since = self.loop.time()
        if self.transport.is_closing():
            self._leave()  # guard serve.stalled

    @property
    def waits(self) -> bool:
        """Whether it is the client's turn; otherwise a whole request is about to be answered."""
        cycle = self.cycle
        return cycle is None or cycle.response_complete or cycle.more_body or self.flow.write_paused

    def _take_a_place(self) -> None:
        """Hang up on the client that has been waited for the longest: since its last answer, or ever."""
        others = [one for one in self.connections if isinstance(one, Connection) and one.waits]
        slowest = min(others, key=lambda one: one.since)
        self.connections.discard(slowest)  # not when it is lost, a turn later: the next one needs another
        slowest.transport.abort()

    def _leave(self) -> None:
        """Closing waits until the client has read the rest, so that is bounded too."""
        self.loop.call_later(SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again: stop the timer."""
        super().resume_writing()
        self._answer = _stopped(self._answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop both timers."""
        super().connection_lost(exc)
        self._head, self._answer = _stopped(self._head), _stopped(self._answer)

    def _watch(self) -> None:
        # A whole head has been read, and its request is being answered.
        if self.cycle is not None and not self.cycle.response_complete:
            self._head = _stopped(self._head)
        elif self._head is None:
            self._head = self.loop.call_later(SECONDS, self.transport.abort)


class _Parser(h11.Connection):
    """h11's parser, which takes as long for a chunk of one byte as for one of many."""

    chunks = size = 0

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """What came next.

        Raises:
            Refusal: in too many small chunks.
            h11.RemoteProtocolError: it is not sound; uvicorn answers 400.
        """
        event = super().next_event()
        if isinstance(event, h11.Request):
            self.chunks = self.size = 0
        if isinstance(event, h11.Data):
            self.chunks += event.chunk_start
            self.size += len(event.data)
            if self.chunks > FREE_CHUNKS and self.size < CHUNK * self.chunks:
                # guard serve.chunks
                raise Refusal(400, f"chunks: {self.chunks} of {self.size} bytes, expected {CHUNK} in each")
        return event


def _require_short(received: bytes) -> None:
    """Refuse what begins with too large a head, whole or not."""
    end = _END.search(received)
    head = received[: end.start()] if end else received
    if len(head) > MOST_HEAD or head.count(b"\n") > MOST_LINES:
        # guard serve.head
        raise Refusal(400, f"head: expected at most {MOST_HEAD} bytes and {MOST_LINES} lines")


def _stopped(timer: TimerHandle | None) -> TimerHandle | None:
    if timer is not None:
        timer.cancel()
    return None


def _framed(app: Any) -> Any:
    """Answer a head that is not sound by 400, and hang up."""

    async def checked(scope: Any, receive: Any, send: Any) -> None:
        try:
            _require_sound(scope)
        except Refusal as refusal:
            answer = JSONResponse({"error": refusal.reason}, refusal.status, {"connection": "close"})
            await answer(scope, receive, send)
        else:
            await app(scope, receive, send)

    return checked


def _require_sound(scope: Any) -> None:
    """Refuse heads that a proxy in front may read otherwise than h11, and a host that no client sends.

    h11 refuses lengths that differ and codings other than one `chunked`. But where a length and chunks are
    given it believes the chunks, as RFC 9112 allows (6.1); who believes the length finds a second request in
    the body.
    """
    headers = {name for name, _ in scope["headers"]}
    if b"transfer-encoding" in headers and b"content-length" in headers:
        # guard serve.framing
        raise Refusal(400, "content-length: beside transfer-encoding, expected one of them")
    if b"transfer-encoding" in headers and scope["http_version"] != "1.1":
        raise Refusal(400, "transfer-encoding: in HTTP/1.0, which has none")  # guard serve.framing
    if not all(value.isascii() for name, value in scope["headers"] if name == b"host"):
        raise Refusal(400, "host: not ASCII")  # BentoML's tracing would end in a 500


def use() -> None:
    """Make uvicorn use this class. BentoML starts uvicorn, and has no option to choose one."""
    # BentoML leaves uvicorn its default "auto", which uvicorn looks up here.
    config.HTTP_PROTOCOLS["auto"] = f"{__name__}:{Connection.__name__}"
