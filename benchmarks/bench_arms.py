"""Whether a share of the traffic makes a canary look slow: two servers of one version, at several weights.

python -m benchmarks.bench_arms [requests]

The ratio of their p90 should be 1 at every weight. Beside it stands what one request at a time in each arm
would show.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from slipway.records.canary import Arm
from slipway.rollout.assignment import in_canary
from slipway.rollout.call import Call
from slipway.rollout.client import Client, Reply
from slipway.rollout.target import TrafficState
from slipway.rollout.targets.local import LocalPlacement
from tests.slipway.rollout.live import SYSTEM, make_live, traffic

WEIGHTS = (10, 50, 80)


def main(requests: int = 4000) -> None:
    """Print a line for each weight."""
    with tempfile.TemporaryDirectory() as temporary:
        live = make_live(Path(temporary) / "project")
        offers = traffic(live.card, Path(temporary) / "split", requests).offers(0, requests)
        path = live.line.traffic
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TrafficState(stable=live.second).model_dump_json())
        print("| weight | as in a rollout | one at a time in each arm |\n|---|---|---|")
        target = LocalPlacement(live.line)
        with target.settle(), target.trial(live.second, "bench"):
            for weight in WEIGHTS:
                chosen = in_canary([offer.unit for offer in offers], "bench", weight)
                arms: list[Arm] = ["canary" if one else "stable" for one in chosen]
                calls = [Call(arm, offer.body) for arm, offer in zip(arms, offers, strict=True)]
                ours = ratio(target.send(calls, lambda: False), chosen)
                print(
                    f"| {weight} % | {ours:.2f} | {ratio(in_turns(target, calls), chosen):.2f} |", flush=True
                )


def ratio(replies: list[Reply], canary: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    """The p90 of the canary's answers over that of stable's."""
    taken = np.array([reply.latency_ms for reply in replies])
    return float(np.quantile(taken[canary], 0.9) / np.quantile(taken[~canary], 0.9))


def in_turns(target: LocalPlacement, calls: list[Call]) -> list[Reply]:
    """The same calls, where those of an arm wait for each other outside of it."""
    path = f"/v2/models/{SYSTEM}/infer"
    clients = {arm: Client(server.url, 10.0) for arm, server in target.arms.items()}
    with ThreadPoolExecutor(1) as stable, ThreadPoolExecutor(1) as canary:
        turns = {"stable": stable, "canary": canary}
        sent = [turns[call.arm].submit(clients[call.arm].post, path, call.body) for call in calls]
        return [reply.result() for reply in sent]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
