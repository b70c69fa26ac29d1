"""How a server's reply to one request is read."""

import numpy as np
import orjson

from slipway.rollout.client import Reply
from slipway.rollout.traffic import Answer


def read_answer(reply: Reply, rows: int, version: int) -> Answer | str:
    """The answer to a request of so many options, or in one line why it is an error.

    An answer that names another version than the arm's is an error: it says nothing about this version.
    """
    if not 200 <= reply.status < 300:
        return f"status {reply.status}: {reply.content[:120].decode(errors='replace')}"
    try:
        content = orjson.loads(reply.content)
        named = content["model_version"]
        tensors = {tensor["name"]: tensor["data"] for tensor in content["outputs"]}
        scores, ranks = np.asarray(tensors["score"], np.float64), np.asarray(tensors["rank"])
    except (ValueError, KeyError, TypeError) as error:
        return f"not an answer of the Open Inference Protocol: {type(error).__name__}: {error}"
    if named != str(version):
        return f"version {named} answered, not {version}"
    if scores.shape != (rows,) or not np.isfinite(scores).all():
        return f"scores of shape {list(scores.shape)}, expected {rows} finite numbers"
    if ranks.shape != (rows,) or not np.array_equal(np.sort(ranks), np.arange(1, rows + 1)):
        return f"ranks {ranks.tolist()!s:.60}, expected 1 to {rows}"
    return Answer(scores, ranks)
