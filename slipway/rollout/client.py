"""A lean HTTP client: one connection, kept alive, nothing parsed that is not needed."""

import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from slipway.settings import Card

IDLE_S = 1.0
"""An idle connection is opened anew: servers close theirs after seconds, and that must not be an error."""

HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Reply:
    """What came back; status 0 and the reason as content where nothing did."""

    status: int
    content: bytes
    latency_ms: float


class Client:
    """One connection to a server; nothing is tried twice, so that every failure is seen."""

    def __init__(self, url: str, timeout_s: float) -> None:
        place = urlsplit(url)
        kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
        self.connection = kind(place.hostname or "", place.port, timeout=timeout_s)
        self.used = 0.0

    def get(self, path: str) -> Reply:
        """`GET path`."""
        return self._request("GET", path, None)

    def post(self, path: str, body: bytes) -> Reply:
        """`POST path` with a JSON body."""
        return self._request("POST", path, body)

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        self.connection.close()

    def _request(self, method: str, path: str, body: bytes | None) -> Reply:
        begun = time.perf_counter()
        if begun - self.used > IDLE_S:
            self.close()
        try:
            self.connection.request(method, path, body, HEADERS)
            response = self.connection.getresponse()
            status, content = response.status, response.read()
        except (OSError, HTTPException) as error:
            self.close()
            status, content = 0, (str(error) or type(error).__name__).encode()
        self.used = time.perf_counter()
        return Reply(status, content, (self.used - begun) * 1e3)


def patience(card: Card) -> float:
    """Seconds after which a request counts as failed: ten times the latency budget, two at least."""
    return max(2.0, card.problem.p99_latency_ms / 100)
