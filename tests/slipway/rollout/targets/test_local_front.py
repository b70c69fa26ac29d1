"""The address that follows production: whichever server it leads to, no request is lost on the way."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from slipway.rollout.targets.local_front import Front, is_loopback, opened


@dataclass
class Backend:
    """A server that says its name, and holds requests for /slow until it is told to answer."""

    name: str
    url: str = ""
    began: threading.Event = field(default_factory=threading.Event)
    may_answer: threading.Event = field(default_factory=threading.Event)
    seen: list[str] = field(default_factory=list)


@contextmanager
def backend(name: str) -> Iterator[Backend]:
    """Serve on a free port while the block lasts."""
    found = Backend(name)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            """Name, target and body."""
            found.seen.append(self.path)
            if self.path == "/slow":
                found.began.set()
                found.may_answer.wait(60)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            told = json.dumps({"name": found.name, "path": self.path, "body": body}).encode()
            self.send_response(418 if self.path == "/teapot" else 200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_POST = do_GET  # noqa: N815 - the name is http.server's

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield found
        finally:
            found.may_answer.set()
            server.shutdown()


@pytest.fixture
def one() -> Iterator[Backend]:
    """A server."""
    with backend("one") as found:
        yield found


@pytest.fixture
def two() -> Iterator[Backend]:
    """Another one."""
    with backend("two") as found:
        yield found


@pytest.fixture
def front() -> Iterator[Front]:
    """A front that leads nowhere yet."""
    with opened("127.0.0.1", 0) as found:
        yield found


def test_a_request_and_its_answer_pass_as_they_are(front: Front, one: Backend) -> None:
    """Target, body and status: a path that the front read otherwise would be a way round it."""
    front.lead(one.url)
    client = HTTPConnection("127.0.0.1", front.port)
    client.request("POST", "/a%2Fb/../c?d=%20e&f", body=b"rows")
    answer = json.loads(client.getresponse().read())
    client.request("GET", "/teapot")
    odd = client.getresponse().status
    client.close()

    assert answer == {"name": "one", "path": "/a%2Fb/../c?d=%20e&f", "body": "rows"}
    assert odd == 418


def test_a_connection_outlives_the_server_it_was_led_to(front: Front, one: Backend, two: Backend) -> None:
    """Clients that keep theirs are answered by the next version from their next request on."""
    front.lead(one.url)
    client = HTTPConnection("127.0.0.1", front.port)
    client.request("GET", "/")
    before, kept = json.loads(client.getresponse().read()), client.sock
    front.lead(two.url)
    client.request("GET", "/")
    after = json.loads(client.getresponse().read())

    assert (before["name"], after["name"]) == ("one", "two")
    assert client.sock is kept
    client.close()


def test_a_request_under_way_is_answered_by_the_version_that_has_it(
    front: Front, one: Backend, two: Backend
) -> None:
    """Others go the new way at once; whoever would stop the old server waits until it has answered."""
    front.lead(one.url)
    with ThreadPoolExecutor(2) as both:
        slow = both.submit(httpx.get, f"{front.url}/slow", timeout=60)
        assert one.began.wait(60)
        turned = both.submit(front.lead, two.url)
        while httpx.get(front.url).json()["name"] != "two":
            pass
        waited = not turned.done()
        one.may_answer.set()
        turned.result(60)

    assert waited
    assert slow.result().json()["name"] == "one"


def test_what_is_under_way_is_answered_before_the_front_ends(one: Backend) -> None:
    """And nobody new is let in meanwhile."""
    with ThreadPoolExecutor(2) as both:
        closing = threading.Event()

        def serve() -> None:
            with opened("127.0.0.1", 0) as found:
                found.lead(one.url)
                ports.append(found.port)
                closing.wait(60)

        ports: list[int] = []
        served = both.submit(serve)
        while not ports:
            pass
        slow = both.submit(httpx.get, f"http://127.0.0.1:{ports[0]}/slow", timeout=60)
        assert one.began.wait(60)
        closing.set()
        while _listens(ports[0]):
            pass
        one.may_answer.set()
        served.result(60)

    assert slow.result().json()["name"] == "one"


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_where_nothing_answers_it_says_so(front: Front) -> None:
    """Before the first server, and where the server has just ended."""
    early = httpx.get(front.url)
    with backend("gone") as gone:
        pass
    front.lead(gone.url)
    late = httpx.get(front.url)

    assert (early.status_code, late.status_code) == (503, 503)
    assert early.json() == {"error": "no server is ready yet"}
    assert late.json() == {"error": "the server of this version gave no answer: ConnectError"}


@pytest.mark.gate(
    "serve.told",
    fed="`slipway serve --host 0.0.0.0`, asked for /metrics and /openapi.json",
    stops="serve",
    exit="404",
    reason="Not Found",
    untouched="neither is told beyond this machine, not even by the server behind",
)
def test_metrics_and_schema_are_told_on_this_machine_only(one: Backend) -> None:
    """At an address that others reach, as of an image; see SECURITY.md."""
    with opened("0.0.0.0", 0) as wide, opened("127.0.0.1", 0) as narrow:  # noqa: S104
        wide.lead(one.url)
        narrow.lead(one.url)
        paths = ("/metrics", "/openapi.json", "/openapi%2Ejson", "/")
        told = {path: httpx.get(wide.url + path).status_code for path in paths}
        inside = [httpx.get(narrow.url + path).status_code for path in paths]

    assert told == {"/metrics": 404, "/openapi.json": 404, "/openapi%2Ejson": 404, "/": 200}
    assert inside == [200] * 4
    assert one.seen.count("/metrics") == 1


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("10.0.0.7", False),
        ("somewhere", False),
    ],
)
def test_which_addresses_are_of_this_machine_alone(host: str, own: bool) -> None:
    """A name may be anybody's."""
    assert is_loopback(host) is own
