"""Put a trained model, its features, its card and its code together as one version."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from numpy.typing import NDArray

from slipway.base.atomic import whole_folder
from slipway.models import Predictor, kind, save
from slipway.records.recalibration import Recalibration
from slipway.settings import Card
from slipway.settings.model import Model
from slipway.system import FeatureState
from slipway.version.environment import environment_of
from slipway.version.manifest import (
    CARD,
    CODE,
    FEATURES,
    MANIFEST,
    MODEL,
    PARITY,
    RECALIBRATION,
    CodeRef,
    DataRef,
    Manifest,
    code_digest,
    digests,
)
from slipway.version.origin import PACKAGE
from slipway.version.parity import column

SCORE = "#score"
"""The column of the parity sample with the scores; no column of a card can be called so."""


def assemble(
    out: Path,
    root: Path,
    card: Card,
    model: Model,
    predictor: Predictor,
    state: FeatureState,
    data: DataRef,
    sample: pa.Table,
    sample_scores: NDArray[np.float64],
    commit: str | None,
    clean: bool,
    recalibration: Recalibration | None = None,
) -> Manifest:
    """Write a whole version to `out`.

    Args:
        out: the folder to make; it appears whole or not at all.
        root: the project whose system was trained.
        state: the features that were learned from the training rows.
        sample: requests to check a served copy against.
        sample_scores: their scores at training time, recalibrated, [rows] or [rows, k].
        commit: that of the project, None outside of a Git repository.
        clean: whether nothing in the project differed from it.
        recalibration: what every score is bent by; None writes nothing of it.
    """
    with whole_folder(out) as folder:
        (folder / MODEL).mkdir()
        save(model.kind, predictor, folder / MODEL)
        np.savez_compressed(folder / FEATURES, allow_pickle=False, **state)
        if recalibration is not None:
            (folder / RECALIBRATION).write_text(recalibration.model_dump_json(indent=2), encoding="utf-8")
        (folder / CARD).write_text(card.model_dump_json(indent=2), encoding="utf-8")
        pq.write_table(sample.append_column(SCORE, column(sample_scores)), folder / PARITY)
        copy_code(root, folder / CODE, card.name)
        files = digests(folder)
        manifest = Manifest(
            system=card.name,
            model=model.name,
            kind=model.kind,
            params=model.params,
            tolerance=kind(model.kind).tolerance,
            seed=card.models.seed,
            data=data,
            code=CodeRef(git_commit=commit, git_clean=clean, digest=code_digest(files)),
            environment=environment_of(folder / CODE),
            files=files,
        )
        (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
    return manifest


def copy_code(root: Path, out: Path, system: str) -> None:
    """Copy what `bentofile.yaml` includes: slipway as it runs, and of the project's systems only this one."""
    patterns = yaml.safe_load((root / "bentofile.yaml").read_text(encoding="utf-8"))["include"]
    for pattern in patterns:
        # A Bento lays model, features and card there; in a version they lie beside the code.
        if pattern == "/version/":
            continue
        base = PACKAGE.parent if pattern.startswith("/slipway/") else root
        for path in sorted(base.glob(pattern.lstrip("/"))):
            relative = path.relative_to(base)
            if relative.parts[0] == "systems" and relative.parts[1] != system:
                continue
            (out / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, out / relative)
