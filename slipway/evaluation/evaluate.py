"""Score candidate, baseline and champion on the frozen holdout, each by its own code."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError
from slipway.evaluation.carried import Environments
from slipway.evaluation.compose import HoldoutRows, Role, Subject, compose
from slipway.evaluation.latency import time_in_turns
from slipway.evaluation.parity import Unlike, in_parity
from slipway.records.environment import Parity
from slipway.records.evidence import Evidence, HoldoutUse, ValidationScore
from slipway.settings import Card
from slipway.system import System
from slipway.tasks import Scores, Task
from slipway.version.answer import recalibration_of
from slipway.version.process import VersionProcess
from slipway.version.proven import Proven


@dataclass(frozen=True)
class Contender:
    """One version to measure, or the reason why it is not at hand (it could not be fetched or verified)."""

    role: Role
    proven: Proven | None
    version: int | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Scored:
    """A contender with its running process and its scores of the holdout.

    Attributes:
        digest: sha256 of the version's manifest; contenders with the same one share process and scores.
        parity: of a champion, whether it gave its kept scores before.
    """

    contender: Contender
    digest: str
    process: VersionProcess
    scores: Scores
    parity: Parity | None = None

    def subject(self, seconds: NDArray[np.float64]) -> Subject:
        """What is known of it, with the times of its requests."""
        folder, manifest = self.process.folder, self.process.manifest
        return Subject(
            role=self.contender.role,
            model=manifest.model,
            version=self.contender.version,
            digest=self.digest,
            train_end=manifest.data.train_end,
            size_mb=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6,
            scores=self.scores,
            seconds=seconds,
            train_known_until=manifest.data.train_known_until,
            recalibration=recalibration_of(folder, manifest),
            environment=manifest.environment,
        )


def evaluate_models(
    card: Card,
    system: System,
    split: Path,
    fingerprint: str,
    contenders: list[Contender],
    validation: list[ValidationScore],
    use: HoldoutUse | None = None,
    environments: Environments | None = None,
) -> Evidence:
    """Measure every contender on the holdout of `split`, whose outcomes the system reads.

    A champion first has to give the scores that it keeps, here or in the environment that it carries.
    One that does not, or cannot be scored, is stated in the evidence, for the gate to refuse; a baseline or a
    candidate that cannot be scored is an error. One that has the bits of another is not scored again.

    Args:
        use: of the holdout by the candidate, where it is compared with a champion.
        environments: those that versions carry; None: none is made.
    """
    rows = HoldoutRows.read(card, system, split)
    scored: dict[str, Scored] = {}
    problem, parity = None, None
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        file = Path(temporary) / "requests.parquet"
        # Requests alone: a version's own code must not find a label in what it is given.
        pq.write_table(rows.requests, file)
        for contender in contenders:
            try:
                one = _score(card.task, contender, [*scored.values()], stack, file, environments)
                scored[contender.role], parity = one, one.parity or parity
            except Unlike as error:
                parity = error.parity
            except SlipwayError as error:
                if contender.role != "champion":
                    raise
                problem = str(error)
        seconds, late = _time(scored, file, rows.bounds)
        subjects = [one.subject(seconds[role]) for role, one in scored.items()]
    return compose(
        card.name,
        card.task,
        card.evaluation,
        rows,
        fingerprint,
        subjects,
        validation,
        card.models.seed,
        champion_problem=problem or late,
        parity=parity,
        use=use,
        gate=card.gate,
    )


def _score(
    task: Task,
    contender: Contender,
    before: list[Scored],
    stack: ExitStack,
    file: Path,
    environments: Environments | None,
) -> Scored:
    version = contender.proven
    if version is None or contender.problem is not None:
        # guard candidate.absent
        raise SlipwayError(contender.problem or f"{contender.role}: no version and no reason why")
    same, parity = next((one for one in before if one.digest == version.digest), None), None
    process = same.process if same else None
    if same:
        # Equal manifests do not make equal files: each contender's own are held against its own.
        version.verified()  # guard evaluate.tampered
    if contender.role == "champion":
        process, parity = in_parity(version, environments, stack, process)
    elif process is None:
        process = stack.enter_context(VersionProcess(version))
    if same and process is same.process:
        scores = same.scores
    else:
        scores = process.score(file, file.with_name(f"{contender.role}.npy"))
    _require_sound(task, contender, scores, pq.read_metadata(file).num_rows)
    return Scored(contender, version.digest, process, scores, parity)


def _time(
    scored: dict[str, Scored], file: Path, bounds: list[tuple[int, int]]
) -> tuple[dict[str, NDArray[np.float64]], str | None]:
    """Seconds per role; a champion that fails is taken out of `scored`, and its reason returned."""
    problem = None
    try:
        seconds = time_in_turns(_processes(scored), file, bounds)
    except SlipwayError as error:
        champion = scored.get("champion")
        if champion is None or not champion.process.ended:
            raise
        del scored["champion"]
        # It shared its process with the baseline or the candidate, which has failed too.
        if champion.digest in _processes(scored):
            raise
        # From the start, so that all times are taken in the same turns.
        seconds, problem = time_in_turns(_processes(scored), file, bounds), str(error)
    return {role: seconds[one.digest] for role, one in scored.items()}, problem


def _processes(scored: dict[str, Scored]) -> dict[str, VersionProcess]:
    """The processes of all roles, each once, by digest."""
    return {one.digest: one.process for one in scored.values()}


def _require_sound(task: Task, contender: Contender, scores: Scores, rows: int) -> None:
    """A champion or a baseline that answers nonsense would make any candidate look good."""
    if scores.shape != (rows, *task.width):
        # guard scores.shape
        raise SlipwayError(f"{contender.role}: scores of shape {scores.shape} for {rows} rows")
    # Nonsense of a candidate is measured, so that the gate can refuse it with a record.
    wrong = int((~task.sound(scores)).sum())
    if contender.role != "candidate" and wrong:
        # guard scores.improbable
        raise SlipwayError(f"{contender.role}: {wrong} {task.words.unsound}")
