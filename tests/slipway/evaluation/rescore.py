"""Measure versions in the environment of whoever runs this: prints the evidence.

    python -m tests.slipway.evaluation.rescore SPLIT CANDIDATE CHAMPION ENVIRONMENTS

The baseline is the candidate.
"""

import sys
from pathlib import Path

from slipway.evaluation.carried import Environments
from slipway.evaluation.evaluate import evaluate_models
from slipway.records.evidence import Evidence, HoldoutUse
from slipway.system import load_system
from tests.slipway.report.sample import card
from tests.slipway.root import ROOT
from tests.slipway.vouched import contender


def rescored(split: Path, candidate: Path, champion: Path, environments: Path) -> Evidence:
    """The evidence about a candidate beside a champion."""
    return evaluate_models(
        card(),
        load_system("ad_click", ROOT),
        split,
        "f",
        [
            contender("baseline", candidate),
            contender("candidate", candidate),
            contender("champion", champion, 1),
        ],
        [],
        HoldoutUse.of(1, 0.95),
        Environments(environments),
    )


if __name__ == "__main__":
    print(rescored(*map(Path, sys.argv[1:])).model_dump_json())
