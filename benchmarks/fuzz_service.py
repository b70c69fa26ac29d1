"""Random bytes against a real server: nothing but answers and refusals, no hang, and the memory stays.

python -m benchmarks.fuzz_service [requests] [seed]

Sound requests of both APIs are spoilt byte by byte: bits flipped, pieces cut, doubled, spliced and replaced
by what parsers dislike. Nine in ten are bodies behind a sound head, on connections that are kept; the tenth
is spoilt head and all, on a connection of its own. One in five hundred is whole and of a shape that costs
more than its bytes; `bench_bodies` measures those and looks for others. It ends with an error at a server
error, a dropped connection or a wait of over ten seconds, if the server does not answer as before, or if its
memory grew by more than 64 MiB after the first tenth of the requests.
"""

import http.client
import json
import platform
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from slipway.release import servers
from slipway.release.servers import HOST, Server
from tests.slipway.root import ROOT
from tests.slipway.serving.browser import OPTION, body, tensors
from tests.slipway.serving.shapes import SHAPES
from tests.slipway.tiny import tiny_bento

WAIT_S = 10.0
GROWTH_MIB = 64
CONNECTIONS = 4
DEAR = 1 / 500
"""The share of `SHAPES`."""
INFER, PREDICT = "/v2/models/ad_click/infer", "/predict"
SOUND = [
    *((INFER, json.dumps(tensors(rows)).encode()) for rows in (0, 1, 2, 8)),
    (INFER, json.dumps(tensors(2) | {"id": "a", "outputs": [{"name": "rank"}]}).encode()),
    (f"{INFER.removesuffix('/infer')}/versions/7/infer", json.dumps(tensors(3)).encode()),
    (PREDICT, json.dumps(body()).encode()),
    (PREDICT, json.dumps({"requests": body(*[OPTION] * 4)["requests"] * 2}).encode()),
]
DISLIKED = (
    b"null true false NaN Infinity -Infinity 1e999 -1e999 -0 1E400 9223372036854775808 -9223372036854775809 "
    b'0.1e 01 +1 .5 0x10 "" "\\ud800" "\\u0000" "\\x" [] {} [[]] {"":{}} [1,[2]] "0001-01-01T00:00:00+12:00" '
    b'"9999-12-31T23:59:60Z" \xff \xc3\x28 \xed\xa0\x80 \xef\xbb\xbf \x00 \r\n\r\n { } [ ] , : " \\ '
    b"INT64 BYTES FP64 BOOL shape data datatype name inputs parameters binary_data_size requests options"
).split(b" ")
DISLIKED += [b"[" * 100_000, b'{"a":' * 50_000, b"9" * 5000, b"-" * 300, b'"' + b"x" * 2000 + b'"']


@dataclass
class Outcome:
    """What came of the requests."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0
    grown_mib: float = 0.0


def spoilt(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """One to six mutations in a row, mostly one."""
    for _ in range(chance.choice((1, 1, 1, 1, 2, 3, 6))):
        content = chance.choice(MUTATIONS)(chance, content, other)
    return content


def _flip(chance: random.Random, content: bytes, other: bytes) -> bytes:
    at = chance.randrange(len(content) or 1)
    return (
        content[:at]
        + bytes(byte ^ 1 << chance.randrange(8) for byte in content[at : at + 1])
        + content[at + 1 :]
    )


def _cut(chance: random.Random, content: bytes, other: bytes) -> bytes:
    start, end = _span(chance, content)
    return content[:start] + content[end:]


def _double(chance: random.Random, content: bytes, other: bytes) -> bytes:
    start, end = _span(chance, content)
    return content[:end] + content[start:end] * chance.randint(1, 3) + content[end:]


def _splice(chance: random.Random, content: bytes, other: bytes) -> bytes:
    start, end = _span(chance, other)
    at = chance.randint(0, len(content))
    return content[:at] + other[start:end] + content[at:]


def _insert(chance: random.Random, content: bytes, other: bytes) -> bytes:
    at = chance.randint(0, len(content))
    return content[:at] + chance.randbytes(chance.randint(1, 8)) + content[at:]


def _replace(chance: random.Random, content: bytes, other: bytes) -> bytes:
    start, end = _span(chance, content)
    return content[:start] + chance.choice(DISLIKED) + content[min(end, start + 8) :]


def _replace_value(chance: random.Random, content: bytes, other: bytes) -> bytes:
    """Where a JSON value stands, so that more than the parser is reached."""
    starts = [at + 1 for at, byte in enumerate(content) if byte in b":[,"] or [0]
    start = chance.choice(starts)
    ends = [at for at in (content.find(mark, start) for mark in (b",", b"]", b"}")) if at >= 0]
    return content[:start] + chance.choice(DISLIKED) + content[min(ends, default=len(content)) :]


def _span(chance: random.Random, content: bytes) -> tuple[int, int]:
    start = chance.randint(0, len(content))
    return start, min(len(content), start + chance.choice((1, 2, 4, 16, 64, 1024)))


MUTATIONS: tuple[Callable[[random.Random, bytes, bytes], bytes], ...] = (
    _flip,
    _cut,
    _double,
    _splice,
    _insert,
    _replace,
    _replace_value,
    _replace_value,
)


def fuzz(server: Server, requests: int, seed: int = 0) -> Outcome:
    """Send so many requests over a few connections at once; the same seed sends the same ones."""
    process = psutil.Process(server.pid)
    before = _answers(server.port)
    begun = time.perf_counter()
    outcome = Outcome()
    _send_all(server.port, requests // 10, seed, outcome)
    memory = process.memory_info().rss
    _send_all(server.port, requests - requests // 10, seed + 1, outcome)
    outcome.seconds = time.perf_counter() - begun
    outcome.grown_mib = (process.memory_info().rss - memory) / 2**20
    if _answers(server.port) != before:
        outcome.faults.append("sound requests are answered otherwise than before")
    return outcome


def _send_all(port: int, requests: int, seed: int, outcome: Outcome) -> None:
    shares = [requests // CONNECTIONS + (rest < requests % CONNECTIONS) for rest in range(CONNECTIONS)]
    seeds = [f"{seed}.{number}" for number in range(CONNECTIONS)]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for part in pool.map(_send, [port] * CONNECTIONS, shares, seeds):
            outcome.requests += part.requests
            outcome.statuses += part.statuses
            outcome.faults += part.faults


def _send(port: int, requests: int, seed: str) -> Outcome:
    chance = random.Random(seed)  # noqa: S311 - for a test
    outcome = Outcome()
    try:
        for status, sent in _statuses(port, requests, chance):
            outcome.requests += 1
            outcome.statuses[status] += 1
            if status >= 500:
                outcome.faults.append(f"{status} to {sent[:300]!r}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        outcome.faults.append(f"no answer, or none that can be read: {error!r}")
    return outcome


def _statuses(port: int, requests: int, chance: random.Random) -> Iterator[tuple[int, bytes]]:
    with closing(http.client.HTTPConnection(HOST, port, timeout=WAIT_S)) as kept:
        for _ in range(requests):
            (path, content), (_, other) = chance.choice(SOUND), chance.choice(SOUND)
            if chance.random() < DEAR:
                path, sent = chance.choice(list(SHAPES.values()))
                yield _posted(kept, path, sent), sent
            elif chance.random() < 0.1:
                head = (
                    f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
                )
                sent = spoilt(chance, head, other) + content
                yield _status_of_bytes(port, sent), sent
            else:
                sent = spoilt(chance, content, other)
                yield _posted(kept, path, sent), sent


def _posted(kept: http.client.HTTPConnection, path: str, sent: bytes) -> int:
    kept.request("POST", path, sent, {"Content-Type": "application/json"})
    reply = kept.getresponse()
    json.loads(reply.read())
    return reply.status


def _status_of_bytes(port: int, sent: bytes) -> int:
    """The status of the first answer to bytes that may be no request; 0 where the server only hangs up."""
    with socket.create_connection((HOST, port), timeout=WAIT_S) as own:
        try:
            own.sendall(sent)
            own.shutdown(socket.SHUT_WR)
            answer = own.makefile("rb").read(12)
        except TimeoutError:
            raise
        except OSError:
            return 0  # cut off before all was sent
    return int(answer[9:12] or 0)


def _answers(port: int) -> list[bytes]:
    """What sound requests get."""
    with closing(http.client.HTTPConnection(HOST, port, timeout=WAIT_S)) as connection:
        found = []
        for path, content in SOUND:
            connection.request("POST", path, content)
            found.append(connection.getresponse().read())
        return found


def main(requests: int = 100_000, seed: int = 0) -> None:
    """Serve a small version and print what came of the requests."""
    with tempfile.TemporaryDirectory() as temporary:
        project, tag = tiny_bento(Path(temporary) / "project", ROOT)
        server = servers.start(project, tag, 7)
        try:
            outcome = fuzz(server, requests, seed)
        finally:
            servers.stop(project, server)
    statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(outcome.statuses.items()))
    print(f"{outcome.requests:,} requests, seed {seed}, Python {platform.python_version()}")
    print(f"statuses  {statuses} (0: connection closed without an answer)")
    print(f"seconds   {outcome.seconds:.0f}, {outcome.requests / outcome.seconds:,.0f} requests a second")
    print(f"memory    {outcome.grown_mib:+.1f} MiB after the first tenth, allowed {GROWTH_MIB}")
    if outcome.grown_mib > GROWTH_MIB:
        outcome.faults.append("memory grew")
    if outcome.faults:
        sys.exit("\n".join(outcome.faults[:10]))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
