"""HTTP connections: one parser wherever the service runs, and none held by a client that stalls.

uvicorn bounds the time between two requests alone. A connection that sends nothing, or half a head, or does
not take its answer would be held for ever.
"""

from asyncio import TimerHandle, Transport
from typing import Any

from starlette.responses import JSONResponse
from uvicorn import config
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 10.0
"""A client has so long to send the head of a request, and to take an answer that waits."""


class Connection(H11Protocol):
    """One client; h11 also bounds the size of a head, and what asks for a WebSocket is a plain request."""

    _head: TimerHandle | None = None
    _answer: TimerHandle | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.app = _named(self.app)
        self.ws_protocol_class = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """The clock runs from the first moment."""
        super().connection_made(transport)
        self._watch()  # guard serve.stalled

    def data_received(self, data: bytes) -> None:
        """Only a whole head stops the clock; a byte now and then does not set it back."""
        super().data_received(data)
        self._watch()  # guard serve.stalled

    def pause_writing(self) -> None:
        """The client does not take what it asked for."""
        super().pause_writing()
        self._answer = self.loop.call_later(SECONDS, self.transport.abort)

    def timeout_keep_alive_handler(self) -> None:
        """Idle for long enough."""
        super().timeout_keep_alive_handler()
        self._leave()  # guard serve.stalled

    def on_response_complete(self) -> None:
        """The last answer of a connection that is not kept."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._leave()  # guard serve.stalled

    def _leave(self) -> None:
        """Closing waits for the client to take the rest, so that is bounded too."""
        self.loop.call_later(SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._answer = _stopped(self._answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to watch."""
        super().connection_lost(exc)
        self._head, self._answer = _stopped(self._head), _stopped(self._answer)

    def _watch(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._head = _stopped(self._head)
        elif self._head is None:
            self._head = self.loop.call_later(SECONDS, self.transport.abort)


def _stopped(timer: TimerHandle | None) -> TimerHandle | None:
    if timer is not None:
        timer.cancel()
    return None


def _named(app: Any) -> Any:
    """BentoML's tracing ends in a server error at a host that it cannot decode."""

    async def checked(scope: Any, receive: Any, send: Any) -> None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if all(host.isascii() for host in hosts):
            await app(scope, receive, send)
        else:
            await JSONResponse({"error": "host: not ASCII"}, 400)(scope, receive, send)

    return checked


def use() -> None:
    """Let uvicorn make these; BentoML starts it and has no option for that."""
    config.HTTP_PROTOCOLS["auto"] = f"{__name__}:{Connection.__name__}"
