"""A registry of images, as far as a push goes: https://github.com/opencontainers/distribution-spec."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit


class Store(ThreadingHTTPServer):
    """What it holds: manifests by what they are called and by digest, blobs by digest."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.manifests: dict[str, bytes] = {}
        self.blobs: dict[str, bytes] = {}
        self.begun: dict[str, bytes] = {}

    @property
    def host(self) -> str:
        """Name and port."""
        return f"127.0.0.1:{self.server_port}"


@contextmanager
def registry() -> Iterator[Store]:
    """One that is gone afterwards."""
    with Store() as store:
        thread = Thread(target=store.serve_forever)
        thread.start()
        try:
            yield store
        finally:
            store.shutdown()
            thread.join()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Store

    def do_GET(self) -> None:
        """`/v2/`: this is one."""
        self._answer(200)

    def do_HEAD(self) -> None:
        """Whether a blob or manifest is there."""
        kind, name = self.path.split("/")[-2:]
        found = (self.server.blobs if kind == "blobs" else self.server.manifests).get(name)
        self._answer(404 if found is None else 200)

    def do_POST(self) -> None:
        """A blob begins."""
        name = str(len(self.server.begun))
        self.server.begun[name] = b""
        self._answer(202, Location=f"{urlsplit(self.path).path.rstrip('/')}/{name}")

    def do_PATCH(self) -> None:
        """A part of one."""
        self.server.begun[self.path.split("/")[-1]] += self._body()
        self._answer(202, Location=self.path)

    def do_PUT(self) -> None:
        """A blob ends, if it is what its digest says, or a manifest comes."""
        at, body = urlsplit(self.path), self._body()
        kind, name = at.path.split("/")[-2:]
        if kind == "uploads":
            body = self.server.begun.pop(name) + body
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if kind == "uploads" and parse_qs(at.query)["digest"] != [digest]:
            return self._answer(400)
        if kind == "uploads":
            self.server.blobs[digest] = body
        else:
            self.server.manifests |= {name: body, digest: body}
        return self._answer(201, **{"Location": self.path, "Docker-Content-Digest": digest})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
