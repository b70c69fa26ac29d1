"""What a rule of the gate stops is not registered, whoever asks for it."""

import shutil
from collections.abc import Callable

import numpy as np
import pytest

from slipway.base.digest import sha256
from slipway.base.errors import Refused
from slipway.data.overlap import RowSketch
from slipway.records.evidence import Evidence
from slipway.registry.holdouts import Holdouts
from slipway.stages.gate import gate
from slipway.stages.register import register
from slipway.version.manifest import MANIFEST
from tests.slipway.evaluation.bad import BAD, evidence, mark
from tests.slipway.evaluation.test_slices import with_small
from tests.slipway.root import ROOT
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.tiny import tiny_version

SLICES = [("device", "phone"), ("device", "tablet")]


def every_rule(test: Callable[[Desk], None]) -> Callable[[Desk], None]:
    """Mark a test that proves all of them."""
    for code in BAD:
        test = mark(code)(test)
    return test


def enter(desk: Desk) -> int:
    """Register what lies on the desk."""
    return register(RUN, **desk.files)


def judge(desk: Desk, found: Evidence) -> str:
    """Let the stage decide on evidence about the candidate and the champion of this desk."""
    digest, champion = sha256(desk.models / "candidate" / MANIFEST), found.champion
    if champion is not None:
        same = champion.digest == found.candidate.digest
        champion = champion.model_copy(update={"version": 1} | ({"digest": digest} if same else {}))
    changes = {
        "candidate": found.candidate.model_copy(update={"digest": digest}),
        "champion": champion,
        "holdout": found.holdout.model_copy(update={"fingerprint": RUN.fingerprint}),
    }
    desk.evidence.write_text(found.model_copy(update=changes).model_dump_json())
    return gate(RUN, desk.evidence)


@every_rule
def test_nothing_that_a_rule_stops_is_registered(desk: Desk) -> None:
    """Neither by the pipeline's condition nor by a call of the stage after it; the record says why."""
    enter(desk)
    desk.goes_live(1)
    desk.registry.point("staging", None)
    shutil.rmtree(desk.models / "candidate")
    tiny_version(ROOT, desk.models / "candidate", "logistic")
    desk.retrain()
    digest = sha256(desk.models / "candidate" / MANIFEST)
    # The sample evidence is about the second candidate on its holdout.
    for one in ("another", digest):
        place = Holdouts(desk.registry.line).spend(
            RUN.fingerprint, RowSketch(np.arange(9, dtype=np.uint64)), one
        )
    assert place == evidence().use.place

    for code, (_, change) in BAD.items():
        assert judge(desk, change(evidence(slices=SLICES))) == "refuse", code
        with pytest.raises(Refused, match=f"not registered: {code}: ") as refused:
            enter(desk)
        assert refused.value.exit_code == 3
        assert (desk.registry.resolve("production"), desk.registry.resolve("staging")) == (1, None)

    kept = [record.decision for record in desk.registry.records()]
    assert sorted(kept) == ["first"] + ["refused"] * len(BAD) + ["registered"]
    assert len(desk.registry.client.search_model_versions("")) == 1

    assert judge(desk, with_small(evidence(slices=SLICES))) == "pass"
    assert enter(desk) == 2
