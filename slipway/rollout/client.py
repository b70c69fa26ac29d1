"""A lean HTTP client: one connection, kept alive, nothing parsed that is not needed."""

import io
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from slipway.settings import Card

IDLE_S = 1.0
"""An idle connection is opened anew: servers close theirs after seconds, and that must not be an error."""

HEADERS = {"Content-Type": "application/json"}
NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Reply:
    """What came back; status 0 and the reason as content where nothing did."""

    status: int
    content: bytes
    latency_ms: float


class Client:
    """One connection to a server; nothing is tried twice, so that every failure is seen."""

    def __init__(self, url: str, timeout_s: float, headers: Mapping[str, str] = NONE) -> None:
        """Take the address; the connection opens with the first request.

        Args:
            headers: more of every request, such as the Host that a gateway knows a route by.
            timeout_s: an answer that is not whole after so many seconds is a failure, also one that trickles.
        """
        self.timeout_s, self.headers = timeout_s, HEADERS | dict(headers)
        place = urlsplit(url)
        kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
        self.connection = kind(place.hostname or "", place.port, timeout=timeout_s)
        self.used = 0.0

    def get(self, path: str, headers: Mapping[str, str] = NONE) -> Reply:
        """`GET path`."""
        return self._request("GET", path, None, headers)

    def post(self, path: str, body: bytes, headers: Mapping[str, str] = NONE) -> Reply:
        """`POST path` with a JSON body."""
        return self._request("POST", path, body, headers)

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        self.connection.close()

    def _request(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        begun = time.perf_counter()
        if begun - self.used > IDLE_S:
            self.close()
        # The last answer left the socket with what then remained of its time.
        if self.connection.sock is not None:
            self.connection.sock.settimeout(self.timeout_s)
        # For each request anew: http.client makes the response itself, and gives it no deadline.
        answer = partial(_WholeResponse, until=begun + self.timeout_s)
        self.connection.response_class = answer  # type: ignore[assignment]
        try:
            self.connection.request(method, path, body, self.headers | dict(headers))
            response = self.connection.getresponse()
            status, content = response.status, response.read()
        except (OSError, HTTPException) as error:
            self.close()
            status, content = 0, (str(error) or type(error).__name__).encode()
        self.used = time.perf_counter()
        return Reply(status, content, (self.used - begun) * 1e3)


class _WholeResponse(HTTPResponse):
    """An answer that has to be whole in time; a socket's own timeout begins anew with every byte."""

    def __init__(self, sock: socket.socket, *args: Any, until: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock, until))


class _Timed(io.RawIOBase):
    """The bytes of a socket until a moment on the performance counter."""

    def __init__(self, bytes_of: io.RawIOBase, sock: socket.socket, until: float) -> None:
        self.bytes_of, self.sock, self.until = bytes_of, sock, until

    def readable(self) -> bool:
        """Whether the answer can be read: always."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there, or wait for it as long as there is time.

        Raises:
            TimeoutError: there is none left.
        """
        left = self.until - time.perf_counter()
        if left <= 0:
            raise TimeoutError("timed out")
        self.sock.settimeout(left)
        return self.bytes_of.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket, which the connection keeps for the next request."""
        self.bytes_of.close()
        super().close()


def patience(card: Card) -> float:
    """Seconds after which a request counts as failed: ten times the latency budget, two at least."""
    return max(2.0, card.problem.p99_latency_ms / 100)
