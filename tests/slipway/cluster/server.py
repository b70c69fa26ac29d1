"""An API server's manners without a cluster: objects by path, each with a version, and faults on request."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import yaml

LISTED = {"pods", "httproutes"}


@dataclass
class Server:
    """What it holds, and how it misbehaves.

    Attributes:
        faults: the answers to the next requests before any is heeded: a status and headers; 0 hangs up.
        asked: method and path of every request.
    """

    url: str = ""
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    count: int = 0

    def named(self, kind: str) -> list[str]:
        """The names of the objects of a kind, in the plural and in small letters as in a path."""
        return [path.rpartition("/")[2] for path in self.objects if f"/{kind}/" in path]

    def write(self, path: str, found: dict[str, Any]) -> dict[str, Any]:
        """Keep an object."""
        self.count += 1
        found.setdefault("metadata", {}).setdefault("generation", 1)
        found["metadata"]["resourceVersion"] = str(self.count)
        self.objects[path] = found
        return found


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Server, Path]]:
    """It, and a kubeconfig that leads to it."""
    server, alone = Server(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def _heed(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            with alone:
                server.asked.append((self.command, path))
                if server.faults:
                    status, headers = server.faults.pop(0)
                    if not status:
                        self.connection.close()
                        return None
                    return self._say(status, _status(status, "a fault of the test"), headers)
                if self.command == "GET" and path.rpartition("/")[2] in LISTED:
                    return self._say(200, {"items": _chosen(server, self.path)})
                self._say(*_answer(server, self.command, path, json.loads(body) if body else {}))
            return None

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _heed  # noqa: N815 - the names are http.server's

        def _say(self, status: int, said: dict[str, Any], headers: dict[str, str] | None = None) -> None:
            content = json.dumps(said).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,)).start()
        server.url = f"http://127.0.0.1:{running.server_address[1]}"
        path = folder / "kubeconfig"
        path.write_text(
            yaml.safe_dump(
                {
                    "clusters": [{"name": "c", "cluster": {"server": server.url}}],
                    "users": [{"name": "u", "user": {}}],
                    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "c",
                }
            )
        )
        try:
            yield server, path
        finally:
            running.shutdown()


def _answer(server: Server, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    found = server.objects.get(path)
    if method == "GET":
        return _read(server, path)
    if method == "POST":
        path = f"{path}/{body['metadata']['name']}"
        if path in server.objects:
            return 409, _status(409, "already exists")
        return 201, server.write(path, body)
    if method == "PATCH":
        return 200, server.write(path, _merged(found or {}, body))
    if found is None:
        return 404, _status(404, "not found")
    if method == "DELETE":
        return 200, server.objects.pop(path)
    if body["metadata"].get("resourceVersion") != found["metadata"]["resourceVersion"]:
        return 409, _status(409, "the object has been modified")
    return 200, server.write(path, body)


def _chosen(server: Server, asked: str) -> list[dict[str, Any]]:
    """The objects of a kind that have the labels that are asked for."""
    path, _, query = asked.partition("?")
    wanted = dict(one.split("=") for one in parse_qs(query).get("labelSelector", [""])[0].split(",") if one)
    found = [one for at, one in server.objects.items() if at.startswith(f"{path}/")]
    return [one for one in found if wanted.items() <= one["metadata"].get("labels", {}).items()]


def _read(server: Server, path: str) -> tuple[int, dict[str, Any]]:
    found = server.objects.get(path)
    return (404, _status(404, "not found")) if found is None else (200, found)


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """As a merge patch does; what is applied here is always whole."""
    both = old | new
    for key in old.keys() & new.keys():
        if isinstance(old[key], dict) and isinstance(new[key], dict):
            both[key] = _merged(old[key], new[key])
    return both


def _status(status: int, message: str) -> dict[str, Any]:
    return {"kind": "Status", "code": status, "reason": f"Reason{status}", "message": message}
