"""A loaded version: requests in, ranked answers out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from slipway.base.documents import read
from slipway.models import Predictor, predictor
from slipway.models.arrays import read_npz
from slipway.records.recalibration import Recalibration
from slipway.settings import Card
from slipway.system import FeatureState, Inputs, System, load_system
from slipway.tasks.recalibration import recalibrated
from slipway.version.manifest import CARD, CODE, FEATURES, MODEL, RECALIBRATION, Manifest, verify


@dataclass(frozen=True)
class Answers:
    """One row per option, in the order of the requests' rows.

    Attributes:
        scores: float64 [rows], or [rows, k] where the task answers k numbers.
        ranks: int32, as scores; 1 is the best option of its request, or the best of the k of its row; ties
            keep their order.
        fallback: bool [rows]; whether a category has a value, such as a new unit, that was not seen in
            training. Values are compared by 64-bit hashes, so a collision would hide one.
    """

    scores: NDArray[np.float64]
    ranks: NDArray[np.int32]
    fallback: NDArray[np.bool_]


@dataclass(frozen=True)
class Version:
    """A predictor with the features and the code it was trained with.

    Attributes:
        recalibration: what every score is bent by; None where nothing was fitted.
    """

    card: Card
    manifest: Manifest
    system: System
    state: FeatureState
    model: Predictor
    recalibration: Recalibration | None = None

    @classmethod
    def load(cls, folder: Path, code: Path | None = None, expected: str | None = None) -> "Version":
        """Verify every digest, then load; no registry or network is needed.

        Args:
            folder: the version.
            code: where its code lies, if not in `code/` below it.
            expected: the digest of the version in the registry, where it is known.

        Raises:
            SlipwayError: the version is not whole.
        """
        manifest = verify(folder, code, expected)
        card = Card.model_validate_json((folder / CARD).read_text(encoding="utf-8"))
        state = read_npz(folder / FEATURES)
        return cls(
            card=card,
            manifest=manifest,
            system=load_system(card.name, code or folder / CODE),
            state=state,
            model=predictor(manifest.kind).load(folder / MODEL),
            recalibration=recalibration_of(folder, manifest),
        )

    def scores(self, requests: pa.Table) -> NDArray[np.float64]:
        """The scores of each row, [rows] or [rows, k], without ranks."""
        return self._scores(self.system.transform(self.card, requests, self.state))

    def answer(self, requests: pa.Table, groups: NDArray[np.int64]) -> Answers:
        """Score and rank.

        Args:
            requests: one row per option.
            groups: int64 [rows]; equal numbers mark the options of one request.
        """
        inputs = self.system.transform(self.card, requests, self.state)
        scores = self._scores(inputs)
        return Answers(scores=scores, ranks=ranks(scores, groups), fallback=inputs.unseen)

    def _scores(self, inputs: Inputs) -> NDArray[np.float64]:
        return recalibrated(self.card.task, self.model.scores(inputs), self.recalibration)


def recalibration_of(folder: Path, manifest: Manifest) -> Recalibration | None:
    """What the version in a folder bends its scores by; None where its manifest lists nothing of it."""
    return read(folder / RECALIBRATION, Recalibration) if RECALIBRATION in manifest.files else None


def ranks(scores: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.int32]:
    """Ranks of the options of each request, or where a row has several scores, of these."""
    if scores.ndim == 1:
        return rank(scores, groups)
    rows, each = scores.shape
    return rank(scores.ravel(), np.repeat(np.arange(rows), each)).reshape(rows, each)


def rank(scores: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.int32]:
    """Ranks from 1 within each group, best score first, ties in row order."""
    # lexsort sorts by its last key first: by group, then by score, then by row.
    order = np.lexsort((np.arange(len(scores)), -scores, groups))
    sorted_groups = groups[order]
    starts = np.r_[True, sorted_groups[1:] != sorted_groups[:-1]] if len(order) else np.zeros(0, bool)
    # Of each sorted row, where its group begins: starts grow, so the running maximum carries each on.
    first = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    ranks = np.empty(len(scores), np.int32)
    ranks[order] = np.arange(len(order)) - first + 1
    return ranks
