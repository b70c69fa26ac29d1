"""What a client may send to the server process: each gets a refusal, and the others their answers."""

import json
import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import psutil
import pytest

from benchmarks.fuzz_service import GROWTH_MIB, fuzz
from slipway.serving.connections import MOST
from tests.slipway.serving.browser import OPTION, body, tensors
from tests.slipway.serving.conftest import Running
from tests.slipway.serving.test_connections import CROWD, STALLED
from tests.slipway.serving.test_inference import INFER, ROWS

HOST = b"Host: a\r\n"
POST = b"POST " + INFER.encode() + b" HTTP/1.1\r\n" + HOST
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
GOOD = json.dumps(tensors(2)).encode()
CLIENTS = 1000
FRAMING = pytest.mark.gate(
    "serve.framing",
    fed="a request with a length and with chunks, or with chunks in HTTP/1.0",
    stops="serve",
    exit="400",
    reason="content-length: beside transfer-encoding, expected one of them",
    untouched="the connection is closed, and nothing behind the head is taken for another request",
)
WAIT_S = 60


def sized(content: bytes, headers: bytes = b"") -> bytes:
    """A request with this body."""
    return POST + headers + b"Content-Length: %d\r\n\r\n" % len(content) + content


def nested(value: bytes, before: bytes, after: bytes, depth: int = 100_000) -> bytes:
    """So many brackets."""
    return b'{"inputs": [], "parameters": ' + before * depth + value + after * depth + b"}"


def get(path: bytes, method: bytes = b"GET", headers: bytes = HOST) -> bytes:
    """A request without a body."""
    return method + b" " + path + b" HTTP/1.1\r\n" + headers + b"\r\n"


HOSTILE = {
    "a huge content-length": (POST + b"Content-Length: 99999999999\r\n\r\n{", 413),
    "a content-length of 30 digits": (POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n{", 400),
    "a negative content-length": (POST + b"Content-Length: -1\r\n\r\n", 400),
    "two content-lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
    "no length that ends": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"fffff\r\n" + b" " * 0xFFFFF + b"\r\n") * 9,
        413,
    ),
    "a length beside chunks": (POST + b"Content-Length: 6\r\n" + CHUNKED + b"0\r\n\r\nGET ", 400),
    "chunks beside a length": (POST + CHUNKED[:-2] + b"Content-Length: 6\r\n\r\n0\r\n\r\n", 400),
    "chunks in HTTP/1.0": (POST.replace(b"1.1", b"1.0") + CHUNKED + b"0\r\n\r\n", 400),
    "chunks twice": (POST + CHUNKED[:-2] + CHUNKED + b"0\r\n\r\n", 400),
    "chunks and another coding": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunks by another name": (POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "two lengths in one": (POST + b"Content-Length: 2, 3\r\n\r\n{}", 400),
    "a length with a sign": (POST + b"Content-Length: +2\r\n\r\n{}", 400),
    "a length behind a space": (POST + b"Content-Length : 2\r\n\r\n{}", 400),
    "a chunk that is none": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "200,000 chunks of one byte": (POST + CHUNKED + b"1\r\n \r\n" * 200_000, 400),
    "100,000 open brackets": (sized(b"[" * 100_000), 413),
    "100,000 nested objects": (sized(nested(b"1", b'{"a":', b"}")), 413),
    "100,000 nested lists": (sized(nested(b"1", b"[", b"]")), 413),
    "200 nested lists": (sized(nested(b"1", b"[", b"]", 199)), 400),
    "no JSON": (sized(b"\x00\xff"), 400),
    "gzip": (sized(b"\x1f\x8b\x08\x00", b"Content-Encoding: gzip\r\n"), 400),
    "the binary extension": (sized(GOOD, b"Inference-Header-Content-Length: 10\r\n"), 400),
    "an absurd binary extension": (sized(GOOD, b"Inference-Header-Content-Length: x\r\n"), 400),
    "a header of 1 MiB": (get(b"/v2", headers=HOST + b"X: " + b"a" * 2**20 + b"\r\n"), 400),
    "100,000 headers": (get(b"/v2", headers=HOST + b"X: a\r\n" * 100_000), 400),
    "an address of 1 MiB": (get(b"/" + b"a" * 2**20), 400),
    "a host that is no text": (get(b"/v2", headers=b"Host: \\N\xc4\r\n"), 400),
    "no host": (get(b"/v2", headers=b""), 400),
    "a method of its own": (get(b"/predict", b"FOO"), 405),
    "TRACE": (get(INFER.encode(), b"TRACE"), 405),
    "CONNECT": (get(b"a:80", b"CONNECT"), 404),
    "a WebSocket": (
        get(
            b"/predict",
            headers=HOST + b"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        ),
        405,
    ),
    "an encoded slash": (get(b"/v2/models/ad%2Fclick"), 404),
    "an encoded NUL": (get(b"/v2/models/%00"), 404),
    "an encoded half of a character": (get(b"/v2/models/%ff%fe/ready"), 404),
    "an encoded surrogate": (get(b"/v2/models/%ed%a0%80/ready"), 404),
    "a path upwards": (get(b"/static_content/../../../../etc/passwd"), 404),
    "an encoded path upwards": (get(b"/static_content/%2e%2e/%2e%2e/etc/passwd"), 404),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "zeros": (b"\x00" * 100_000, 400),
}
"""What is sent, and the status of the answer."""


def status(running: Running, sent: bytes) -> int:
    """What the server says to bytes, which it may do before it has read them all."""
    with socket.create_connection(("127.0.0.1", running.server.port), timeout=WAIT_S) as client:
        with suppress(ConnectionError):  # it has hung up; what it said before is there to be read
            client.sendall(sent)
        return int(client.makefile("rb").read(12)[9:])


@contextmanager
def unharmed(running: Running) -> Iterator[None]:
    """The same process answers the same before and after, and its memory stays."""
    process = psutil.Process(running.server.pid)
    url = f"{running.server.url}{INFER}"
    before, held = httpx.post(url, content=GOOD).text, process.memory_info().rss
    yield
    assert httpx.post(url, content=GOOD).text == before
    assert process.is_running()
    assert process.memory_info().rss < held + GROWTH_MIB * 2**20


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_requests_are_refused(running: Running, name: str) -> None:
    """By a status of the client's, at once, whatever it is."""
    sent, due = HOSTILE[name]
    with unharmed(running):
        assert status(running, sent) == due


@FRAMING
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_body_of_two_lengths_holds_no_second_request(running: Running, version: str) -> None:
    """A proxy that believes the length would take what stands behind the chunks for the same request."""
    inner = get(b"/v2")
    body_ = b"0\r\n\r\n" + inner
    length = b"" if version == "1.0" else b"Content-Length: %d\r\n" % len(body_)
    sent = POST.replace(b"1.1", version.encode()) + b"Connection: keep-alive\r\n" + length + CHUNKED + body_
    with unharmed(running), connected(running) as client:
        client.sendall(sent)
        answer = client.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 400")
    assert b"transfer-encoding" in answer
    assert b"connection: close" in answer.lower()
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("rows", [pytest.param(5_000, marks=ROWS), 50_000])
def test_far_too_many_rows_are_refused(running: Running, rows: int) -> None:
    """Whole and well-formed, by either API; their memory is given back."""
    several = body(*[OPTION] * (rows // 10))["requests"] * 10
    for path, sent in ((INFER, tensors(rows)), ("/predict", {"requests": several})):
        content = sized(json.dumps(sent).encode()).replace(INFER.encode(), path.encode(), 1)
        with unharmed(running):
            assert status(running, content) == 413


def test_random_bytes_break_nothing(running: Running) -> None:
    """Two thousand of the requests of which the benchmark sends a hundred thousand."""
    outcome = fuzz(running.server, 2000, seed=1)

    assert outcome.faults == []
    assert outcome.requests == sum(outcome.statuses.values()) == 2000
    assert set(outcome.statuses) <= {0, 200, 400, 404, 405, 408, 413, 422}
    assert {200, 400, 422} <= set(outcome.statuses)
    assert outcome.grown_mib < GROWTH_MIB


def test_series_are_of_known_routes_whatever_was_sent(running: Running) -> None:
    """No path, model name or method becomes a label, so there are as many series as routes and statuses."""
    fuzz(running.server, 300, seed=2)
    for path in ("/a", "/v2/models/b", f"{INFER}/c"):
        httpx.get(f"{running.server.url}{path}")
    said = httpx.get(f"{running.server.url}/metrics").text
    routes = httpx.get(f"{running.server.url}/openapi.json").json()["paths"]

    assert set(re.findall('route="(.*?)"', said)) <= {*routes, "unknown"}
    assert all(100 <= int(code) < 500 for code in re.findall('code="(.*?)"', said))


@CROWD
@pytest.mark.parametrize("sent", [POST + b"Content-Length: 100\r\n\r\n{", POST, b""])
def test_slow_clients_lock_nobody_out(running: Running, sent: bytes) -> None:
    """More of them than there are places, and whole requests are answered all the same."""
    with unharmed(running), ExitStack() as stack:
        for number in range(MOST + 88):
            stack.enter_context(connected(running)).sendall(sent)
            if number % 100 == 0 or number > MOST + 80:
                assert httpx.post(f"{running.server.url}{INFER}", content=GOOD).status_code == 200


@pytest.mark.long
@STALLED
def test_a_thousand_stalled_clients_are_cut_off(running: Running) -> None:
    """Others are answered while they wait, and probes always pass; half of them are not even waited for."""
    with unharmed(running), ExitStack() as stack:
        clients = [stack.enter_context(connected(running)) for _ in range(CLIENTS)]
        for client in clients[600:800]:
            client.sendall(POST)
        for client in clients[800:]:
            client.sendall(POST + b"Content-Length: 100\r\n\r\n{")
        assert httpx.post(f"{running.server.url}{INFER}", content=GOOD).status_code == 200
        for probe in ("/v2/health/live", "/v2/health/ready", "/livez", "/readyz"):
            assert httpx.get(f"{running.server.url}{probe}").status_code == 200
        statuses = Counter(client.makefile("rb").read(12)[9:] for client in clients[800:])
        assert {cut(client) for client in clients[:800]} == {True}

    assert statuses == {b"408": 200}


def cut(client: socket.socket) -> bool:
    """Whether the server hangs up without a word."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def connected(running: Running) -> socket.socket:
    """A client."""
    return socket.create_connection(("127.0.0.1", running.server.port), timeout=WAIT_S)
