"""A served version of any card: without a model, it gives every row the same score."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from slipway.serving.app import build
from slipway.serving.served import Served
from slipway.settings import Card
from slipway.system import Inputs
from slipway.version.answer import Version
from slipway.version.manifest import Registered
from tests.slipway.serving.browser import Browser


class Blind:
    """System and model in one."""

    def transform(self, _: Card, requests: pa.Table, __: Any) -> Inputs:
        """As many rows as there are."""
        return Inputs(
            np.zeros((requests.num_rows, 0), np.float32), (), (), np.zeros(requests.num_rows, np.bool_)
        )

    def scores(self, inputs: Inputs) -> NDArray[np.float64]:
        """Half and half."""
        return np.full(len(inputs.numeric), 0.5)


def blind(card: Card, schema: pa.Schema) -> Browser:
    """The application of a version whose training rows had this schema."""
    made: Any = Blind()
    manifest: Any = SimpleNamespace(tolerance=1e-6)
    version = Version(card=card, manifest=manifest, system=made, state={}, model=made)
    return Browser(build(Served(version, Registered(name="x", number=1, digest="0"), schema)))
