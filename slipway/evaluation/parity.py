"""Start a version where it gives the scores that it keeps; nowhere else does it score other rows."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.base.errors import Refused, SlipwayError
from slipway.evaluation.carried import Environments
from slipway.records.environment import Parity
from slipway.records.evidence import UNBOUNDED
from slipway.version.assemble import SCORE
from slipway.version.environment import found_of
from slipway.version.manifest import PARITY
from slipway.version.parity import differences, scores_of
from slipway.version.process import VersionProcess
from slipway.version.proven import Proven


class Unlike(Refused):
    """A version is not shown to give its kept scores, so it scores nothing else."""

    def __init__(self, parity: Parity) -> None:
        super().__init__(f"it is not shown to give its kept scores: {parity}")
        self.parity = parity


def in_parity(
    version: Proven,
    environments: Environments | None,
    stack: ExitStack,
    running: VersionProcess | None = None,
) -> tuple[VersionProcess, Parity]:
    """Start a version here, or where it does not give its kept scores here, in the environment it carries.

    Args:
        environments: where that is made; None: nowhere.
        stack: ends the process.
        running: its process, where it was started here already.

    Raises:
        Unlike: it gives its kept scores nowhere.
        SlipwayError: it is not whole, or cannot answer although nothing is otherwise than at its training.
    """
    process, found = running, _unasked(version)
    try:
        process = process or stack.enter_context(VersionProcess(version))
        found = asked(process, version)
    except SlipwayError as error:
        # Unknown is not equal: then its own environment may be what it lacks.
        if found.differing == []:
            raise
        found = found.model_copy(update={"problem": str(error)})
    if found.rows and not found.passed and environments is not None:
        try:
            own = stack.enter_context(VersionProcess(version, python=environments.python(version)))
            found = found.model_copy(update={"carried": asked(own, version).here, "problem": None})
            process = own
        except SlipwayError as error:
            before = "" if found.problem is None else f"{found.problem}; "
            problem = f"{before}in its own environment: {error}"
            found = found.model_copy(update={"problem": problem})
    if process is None or not found.passed:
        raise Unlike(found)  # guard champion.rescored
    return process, found


def asked(process: VersionProcess, version: Proven) -> Parity:
    """Have a version score the rows that it keeps, and compare.

    Raises:
        SlipwayError: it cannot score them.
    """
    found = _unasked(version)
    if not found.rows:
        return found
    sample = pq.read_table(version.folder / PARITY)
    with tempfile.TemporaryDirectory() as temporary:
        requests = Path(temporary) / "kept.parquet"
        pq.write_table(sample.drop_columns([SCORE]), requests)
        scores = process.score(requests, requests.with_suffix(".npy"))
    kept = scores_of(sample[SCORE])
    if scores.shape != kept.shape:
        raise SlipwayError(f"scores of shape {scores.shape} for its kept ones of shape {kept.shape}")
    return found.model_copy(update={"here": _largest(differences(scores, kept))})


def _unasked(version: Proven) -> Parity:
    """What is known before it is asked."""
    manifest, path = version.verified(), version.folder / PARITY
    rows = pq.read_metadata(path).num_rows if PARITY in manifest.files else 0
    kept = manifest.environment
    return Parity(
        rows=rows,
        tolerance=manifest.tolerance,
        differing=None if kept is None else kept.differing(found_of(kept)),
        problem=None if rows else "it keeps no rows with their scores: train anew",
    )


def _largest(differences: NDArray[np.float64]) -> float:
    # NaN is as far away as can be; JSON holds no infinity.
    return float(np.nan_to_num(differences, nan=UNBOUNDED, posinf=UNBOUNDED).max())
