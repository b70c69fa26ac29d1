"""A whole model version from two thousand synthetic impressions, for tests that need one."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from slipway.base.digest import sha256
from slipway.models import Labelled, predictor
from slipway.records.recalibration import Recalibration
from slipway.release.bento import build_bento
from slipway.settings import Card, load_card
from slipway.settings.model import Model
from slipway.settings.root import Project
from slipway.system import load_system
from slipway.tasks.recalibration import recalibrated
from slipway.version.assemble import assemble
from slipway.version.manifest import DataRef, Manifest, Registered
from tests.slipway.vouched import proven

START = 1_767_225_600_000_000
"""The first impression, microseconds since 1970."""


def impressions(rows: int = 2000, seed: int = 0) -> pa.Table:
    """Rows with the columns of `systems/ad_click/system.yaml`, four ads to a request."""
    random = np.random.default_rng(seed)
    requests = np.arange(rows) // 4
    user = random.integers(0, 200, rows)[requests * 4]
    ad = random.integers(0, 50, rows)
    placement = np.array(["top", "sidebar", "feed", "footer"])[random.integers(0, 4, rows)[requests * 4]]
    device = np.array(["phone", "tablet", "desktop"])[random.integers(0, 3, rows)[requests * 4]]
    price = random.gamma(2.0, 10.0, rows)
    chance = 1 / (1 + np.exp(2.5 - (placement == "top") - 0.02 * ad - 0.01 * price))
    return pa.table(
        {
            "request_id": pa.array(requests),
            "time": pa.array(START + requests * 60_000_000).cast(pa.timestamp("us")),
            "user_id": pa.array(user),
            "placement": pa.array(placement),
            "device": pa.array(device),
            "user_views": pa.array(user % 17),
            "ad_id": pa.array(ad),
            "advertiser_id": pa.array(ad // 5),
            "category": pa.array(ad % 7),
            "price": pa.array(price, mask=random.random(rows) < 0.1),
            "ad_views": pa.array(ad * 10),
            "ad_clicks": pa.array(ad),
            "seen_before": pa.array(random.integers(0, 3, rows)),
            "clicked": pa.array((random.random(rows) < chance).astype(np.int64)),
        }
    )


def tiny_version(
    root: Path,
    out: Path,
    kind: Literal["logistic", "boosting"],
    skew: float = 0.0,
    rows: pa.Table | None = None,
    recalibration: Recalibration | None = None,
    card: Card | None = None,
) -> Manifest:
    """Train on the impressions and write the version to `out`, with the code of the project at `root`.

    Args:
        skew: makes a version whose parity sample is off by so much, as if serving differed from training.
        rows: other impressions than those of seed 0.
        recalibration: what its scores are bent by.
        card: another than the project's.
    """
    card = card or load_card(root, "ad_click")
    system = load_system("ad_click", root)
    examples = system.examples(card, impressions() if rows is None else rows)
    state = system.fit_features(card, examples.requests)
    inputs = system.transform(card, examples.requests, state)
    params: dict[str, int | float | str] = {"c": 0.3} if kind == "logistic" else {"rounds": 20}
    known = Labelled(inputs, examples.labels, examples.known_at, examples.known_at)
    model = predictor(kind).fit(known, known, params, seed=0)
    sample = examples.requests.slice(0, 64)
    return assemble(
        out=out,
        root=root,
        card=card,
        model=Model(name=kind, kind=kind, params=params),
        predictor=model,
        state=state,
        data=_data(examples.labels.mean().item()),
        sample=sample,
        sample_scores=recalibrated(
            card.task, model.scores(system.transform(card, sample, state)), recalibration
        )
        + skew,
        commit=None,
        clean=False,
        recalibration=recalibration,
    )


def _data(base_rate: float) -> DataRef:
    end = datetime.fromtimestamp(START / 1e6 + 500 * 60, UTC)
    return DataRef(
        fingerprint="tiny", size="small", train_rows=2000, labels={"base_rate": base_rate}, train_end=end
    )


def tiny_bento(folder: Path, root: Path) -> tuple[Project, str]:
    """A project in `folder` that has packaged one version as number 7, and the tag of its Bento."""
    folder.mkdir()
    shutil.copyfile(root / "project.yaml", folder / "project.yaml")
    tiny_version(root, folder / "version", "logistic")
    return Project(folder), build_bento(
        Project(folder), proven(folder / "version"), registered(folder / "version", 7)
    )


def registered(version: Path, number: int, name: str = "slipway-demo.ad_click") -> Registered:
    """What the registry would say of the version in a folder."""
    return Registered(name=name, number=number, digest=sha256(version / "manifest.json"))
