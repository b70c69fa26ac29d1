"""One server whose heap is frozen after warm-up and one whose heap is not: requests per second, and the tail.

python benchmarks/bench_serving.py [requests]
"""

import gc
import os
import platform
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slipway.base.digest import sha256
from slipway.release import servers
from slipway.release.bento import build_bento
from slipway.rollout.client import Client, patience
from slipway.rollout.smoke import Sample
from slipway.settings import Card
from slipway.settings.root import Project
from slipway.version.manifest import MANIFEST, Registered
from slipway.version.proven import trained_here

ROWS, SEED = 40_000, 17
BLOCK = 500
"""Requests to one server before it is the other's turn, so that a noisy machine treats both alike."""
PAUSE_MS = 50
THAWED = '\n\ndef freeze() -> None:\n    """Leave the heap as it is."""\n'


def main(requests: int = 10_000) -> None:
    """Print the tail of both at one connection and at eight, and the ratios."""
    project = Project.find(Path(__file__).parent)
    card = project.card("ad_click")
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as running:
        place = Project(Path(temporary) / "project")
        versions = _versions(project, place, card, Path(temporary))
        urls = {}
        for number, (name, version) in enumerate(versions.items(), 1):
            registered = Registered(name="bench.ad_click", number=number, digest=sha256(version / MANIFEST))
            server = servers.start(
                place, build_bento(place, trained_here(version, place.root, False), registered), number
            )
            running.callback(servers.stop, place, server)
            urls[name] = server.url
        sample = Sample.read(versions["frozen"])
        print(
            f"{requests} requests of {sample.rows.num_rows / len(sample.offers):.1f} ads to each server, "
            f"in turns; boosting on {ROWS} rows; {os.cpu_count()} cores for both servers and the client, "
            f"load before {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, seed {SEED}"
        )
        gc.disable()  # the client's own collections are not the servers'
        for connections in (1, 8):
            _report(connections, _in_turns(urls, sample, patience(card), connections, requests))


def _versions(project: Project, place: Project, card: Card, folder: Path) -> dict[str, Path]:
    """The same model twice, with the code of today and with the same code but for the freezing."""
    from slipway.data.split import split_rows
    from slipway.system import load_system
    from slipway.training.fit import data_ref, train_models
    from slipway.version.assemble import copy_code

    copy_code(project.root, place.root, card.name)
    shutil.copyfile(project.root / "project.yaml", place.root / "project.yaml")
    load_system(card.name, project.root).generate(ROWS, SEED, folder)
    split_rows(card, load_system(card.name, project.root), "small", folder, folder / "split")
    data = data_ref(folder / "split", "bench", "small")
    for name in ("frozen", "thawed"):
        if name == "thawed":
            with (place.root / "slipway" / "serving" / "warm.py").open("a", encoding="utf-8") as warm:
                warm.write(THAWED)
        train_models(place.root, card, folder / "split", data, folder / name, say=lambda _: None)
    return {name: folder / name / "candidate" for name in ("frozen", "thawed")}


def _in_turns(
    urls: dict[str, str], sample: Sample, timeout_s: float, connections: int, requests: int
) -> dict[str, tuple[NDArray[np.float64], float]]:
    """Milliseconds of each request and the seconds that all of them took, by server."""
    found: dict[str, tuple[list[float], float]] = {name: ([], 0.0) for name in urls}
    with ThreadPoolExecutor(connections) as pool, ExitStack() as closing:
        clients = {name: [Client(url, timeout_s) for _ in range(connections)] for name, url in urls.items()}
        for client in (one for some in clients.values() for one in some):
            closing.callback(client.close)
        for turn in range(-1, requests // BLOCK):
            for name in urls:
                begun = time.perf_counter()
                share = [BLOCK // connections] * connections
                taken = list(pool.map(_ask, clients[name], [sample] * connections, share))
                if turn >= 0:  # the first turn warms up
                    before, seconds = found[name]
                    more = [one for some in taken for one in some]
                    found[name] = before + more, seconds + time.perf_counter() - begun
    return {name: (np.array(taken), seconds) for name, (taken, seconds) in found.items()}


def _ask(client: Client, sample: Sample, requests: int) -> list[float]:
    taken = []
    for number in range(requests):
        reply = client.post(sample.infer, sample.offers[number % len(sample.offers)])
        if reply.status != 200:
            raise SystemExit(f"status {reply.status}: {reply.content[:200]!r}")
        taken.append(reply.latency_ms)
    return taken


def _report(connections: int, found: dict[str, tuple[NDArray[np.float64], float]]) -> None:
    tails = {}
    for name, (taken, seconds) in found.items():
        p50, *tails[name] = np.quantile(taken, [0.5, 0.99, 0.999, 1.0])
        p99, p999, most = tails[name]
        print(
            f"{connections} at once, {name}: {len(taken) / seconds:5.0f} requests/s, p50 {p50:.1f} ms, "
            f"p99 {p99:.1f} ms, p99.9 {p999:.1f} ms, longest {most:.1f} ms, "
            f"{int((taken > PAUSE_MS).sum())} longer than {PAUSE_MS} ms"
        )
    p99, p999, most = np.divide(tails["thawed"], tails["frozen"])
    print(f"{connections} at once, thawed / frozen: p99 {p99:.2f}, p99.9 {p999:.2f}, longest {most:.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
