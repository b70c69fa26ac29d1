"""A server in front of a real one: it misbehaves in one way, and in no other."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from slipway.release.servers import HOST

Change = Callable[[str, int, bytes], tuple[int, bytes]]
"""Takes the path, the status and the content of an answer; gives status and content."""


@contextmanager
def changed(port: int, change: Change) -> Iterator[int]:
    """Pass every request on to the server at a port, and the answer back, changed; gives the proxy's port."""

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            behind = HTTPConnection(HOST, port)
            behind.request(self.command, self.path, body, {"Content-Type": "application/json"})
            answer = behind.getresponse()
            status, content = change(self.path, answer.status, answer.read())
            behind.close()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Proxy) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
