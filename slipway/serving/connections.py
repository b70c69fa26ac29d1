"""HTTP connections: one parser wherever the service runs, and none kept open for a client that stalls.

uvicorn bounds only the time between two requests. A client that sends nothing, or half a head, or does not
read its answer would keep a connection open for ever.
"""

from asyncio import TimerHandle, Transport
from typing import Any

from starlette.responses import JSONResponse
from uvicorn import config
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS = 10.0
"""How long a client may take to send the head of a request, and to read an answer that waits for it."""


class Connection(H11Protocol):
    """One client. h11 also bounds the size of a head; a request for a WebSocket is treated as a plain one."""

    _head: TimerHandle | None = None
    _answer: TimerHandle | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.app = _named(self.app)
        # Else uvicorn hands such a connection to a WebSocket protocol, which this one does not watch.
        self.ws_protocol_class = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Start the timer: the first head is due."""
        super().connection_made(transport)
        self._watch()  # guard serve.stalled

    def data_received(self, data: bytes) -> None:
        """Only a whole head stops the timer; single bytes do not restart it."""
        super().data_received(data)
        self._watch()  # guard serve.stalled

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
        if self.transport.is_closing():
            self._leave()  # guard serve.stalled

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


def _stopped(timer: TimerHandle | None) -> TimerHandle | None:
    if timer is not None:
        timer.cancel()
    return None


def _named(app: Any) -> Any:
    """Answer 400 to a host that is not ASCII, at which BentoML's tracing would end in a 500."""

    async def checked(scope: Any, receive: Any, send: Any) -> None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if all(host.isascii() for host in hosts):
            await app(scope, receive, send)
        else:
            await JSONResponse({"error": "host: not ASCII"}, 400)(scope, receive, send)

    return checked


def use() -> None:
    """Make uvicorn use this class. BentoML starts uvicorn, and has no option to choose one."""
    # BentoML leaves uvicorn its default "auto", which uvicorn looks up here.
    config.HTTP_PROTOCOLS["auto"] = f"{__name__}:{Connection.__name__}"
