"""Load models and score with them in a process of its own, which a model may end.

python -m tests.slipway.models.loading checked KIND    a folder a line; its verdict a line
python -m tests.slipway.models.loading bare            the text of a LightGBM model, without any check
"""

import resource
import sys
from pathlib import Path

import numpy as np

from slipway.base.errors import SlipwayError
from slipway.models import predictor
from tests.slipway.models.rows import drawn

CPU_S = 2
"""Seconds of computing, not of waiting, after which a model without a check counts as endless."""


def verdict(kind: str, folder: Path) -> str:
    """`refused`, `scored`, or what went wrong."""
    try:
        scores = predictor(kind).load(folder).scores(drawn(64, seed=4))
    except SlipwayError as error:
        return "refused" if "\n" not in str(error) else f"several lines: {error!r}"
    except Exception as error:  # noqa: BLE001 - any other is a finding, and the next model is still tried
        return f"{type(error).__name__}: {error}".replace("\n", " ")
    return "scored" if len(scores) == 64 else f"{len(scores)} scores"


def bare() -> None:
    """What LightGBM does alone; the rows have as many columns as the model says."""
    import lightgbm

    text = sys.stdin.read()
    spent = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(spent.ru_utime + spent.ru_stime) + CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))  # the first ends it with SIGXCPU, not SIGKILL
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    booster = lightgbm.Booster(model_str=text)
    booster.predict(np.random.default_rng(0).normal(size=(200, booster.num_feature())), num_threads=1)


if __name__ == "__main__":
    if sys.argv[1] == "bare":
        bare()
    else:
        print("ready", flush=True)
        for line in sys.stdin:
            print(verdict(sys.argv[2], Path(line.rstrip("\n"))), flush=True)
