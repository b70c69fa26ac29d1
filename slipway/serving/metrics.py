"""Prometheus series of the service. BentoML's own label every unknown path, so they are switched off."""

import os
import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from slipway.base.errors import SlipwayError
from slipway.serving.telling import METRICS_PORT

BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Upper bounds in seconds."""
UNKNOWN = "unknown"
"""The label of all paths that are no route."""


class Metrics:
    """Counts by route template, never by path: as many series as there are routes and status codes."""

    def __init__(self, model: str, version: int) -> None:
        self.registry = CollectorRegistry()
        self.who = (model, str(version))
        labels = ("model", "version", "route")
        self.requests = Counter(
            "slipway_requests", "HTTP requests answered", (*labels, "code"), registry=self.registry
        )
        self.seconds = Histogram(
            "slipway_request_seconds",
            "Time to answer an HTTP request",
            labels,
            buckets=BUCKETS,
            registry=self.registry,
        )

        # One number without their names, which anybody can choose.
        self.names = Counter(
            "slipway_unknown_names",
            "Names in requests that no column of this version has",
            labels[:2],
            registry=self.registry,
        ).labels(*self.who)

    def unknown(self, names: int) -> None:
        """Count the unknown names of one request."""
        self.names.inc(names)

    def observe(self, route: str, code: int, seconds: float) -> None:
        """Count one answered request, and how long it took."""
        self.requests.labels(*self.who, route, code).inc()
        self.seconds.labels(*self.who, route).observe(seconds)

    def exposition(self) -> bytes:
        """The text format; with several workers, of all of them (BentoML sets the folder they share)."""
        return generate_latest(self._together())

    def serve(self, port: int) -> None:
        """Answer scrapes at a port of their own too, from a thread.

        Raises:
            SlipwayError: something else has the port.
        """
        try:
            start_http_server(port, registry=self._together())
        except OSError as error:
            raise SlipwayError(f"{METRICS_PORT}: port {port}: {error.strerror}; choose another") from error

    def _together(self) -> CollectorRegistry:
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return self.registry
        # It looks for files at each answer: workers come and go, and their files with them.
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return together


class Measured:
    """ASGI middleware that observes every request but those for the metrics themselves."""

    def __init__(self, app: Any, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on and observe what came of it."""
        if scope["type"] != "http" or scope["path"] == "/metrics":
            await self.app(scope, receive, send)
            return
        begun = time.perf_counter()
        # What the server answers where the application ends without an answer.
        code = 500

        async def noting(message: Any) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            # Only now: the router writes the route into the scope while it answers.
            route = getattr(scope.get("route"), "path", "") or UNKNOWN  # BentoML mounts us at ""
            self.metrics.observe(route, code, time.perf_counter() - begun)
