"""Before the first request: prove that serving gives the scores of training, and freeze the heap."""

import gc
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from slipway.base.errors import SlipwayError
from slipway.serving.inference import DATATYPES, Protocol
from slipway.serving.refusal import Refusal
from slipway.serving.served import Served
from slipway.version.assemble import SCORE
from slipway.version.manifest import PARITY
from slipway.version.packed import VERSION
from slipway.version.parity import differences, scores_of


def tensors(served: Served, rows: pa.Table) -> bytes:
    """Rows of the training table as a client would send them."""
    inputs = []
    for name, column in served.columns.items():
        # Microseconds become Python's datetimes; nanoseconds become pandas' type, which orjson refuses.
        values = rows[name].cast(pa.timestamp("us")) if column.type == "timestamp" else rows[name]
        datatype = DATATYPES[column.type][0]
        inputs.append(
            {"name": name, "datatype": datatype, "shape": [rows.num_rows], "data": values.to_pylist()}
        )
    return orjson.dumps({"inputs": inputs})


def check_parity(served: Served, root: Path) -> None:
    """Answer the sample that was scored at training time, through the protocol that clients use.

    Raises:
        SlipwayError: a score differs by more than the tolerance of its kind of model.
    """
    path = root / VERSION / PARITY
    sample = pq.read_table(path)
    protocol = Protocol(served)
    limit = served.version.card.serving.max_rows
    tolerance = served.version.manifest.tolerance
    # In pieces that a client may send: the check goes through the service's own bounds.
    for start in range(0, sample.num_rows, limit):
        rows = sample.slice(start, limit)
        try:
            answer = orjson.loads(protocol.infer(tensors(served, rows)))
        except Refusal as error:
            # guard serve.parity
            raise SlipwayError(f"{path}: the service refuses its own sample: {error}") from error
        trained = scores_of(rows[SCORE])
        scores = np.asarray(answer["outputs"][0]["data"], np.float64).reshape(trained.shape)
        worst = differences(scores, trained).max()
        # Not `>`, which would let NaN pass.
        if not worst <= tolerance:
            raise SlipwayError(
                f"{path}: served scores differ by {worst:.2g} from training, allowed {tolerance:g}"
            )  # guard serve.parity


def freeze() -> None:
    """Collect once, then keep the imports' large heap out of every later collection.

    Otherwise a collection of the oldest generation stops the server for a tenth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
