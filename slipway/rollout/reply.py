"""How a server's reply to one request is read."""

from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from slipway.rollout.client import Reply
from slipway.rollout.traffic import Answer
from slipway.tasks import Scores, Task


def read_answer(reply: Reply, rows: int, version: int, task: Task) -> Answer | str:
    """The answer to a request of so many rows, or in one line why it is an error.

    An answer that names another version than the arm's is an error: it says nothing about this version.
    """
    tensors = _tensors(reply, version)
    if isinstance(tensors, str):
        return tensors
    scores = _scores(tensors, rows, task)
    if isinstance(scores, str):
        return scores
    ranks: NDArray[np.float64] = np.ones(rows)
    try:
        if task.ranks:
            # As floats: null becomes NaN, which is no rank, and a fraction is not cut off to one.
            ranks = np.asarray(tensors["rank"], np.float64).reshape(scores.shape)
    except (ValueError, KeyError, TypeError) as error:
        return _no_answer(error)
    # Ranks run over the last axis: the options of the request, or the classes of each row.
    if task.ranks and not (np.sort(ranks) == np.arange(1, ranks.shape[-1] + 1)).all():
        return f"ranks {ranks.tolist()!s:.60}, expected 1 to {ranks.shape[-1]}"
    return Answer(scores, ranks.astype(np.int64))


def read_scores(reply: Reply, rows: int, version: int, task: Task) -> Scores | str:
    """The scores in the answer to several requests of so many rows together, or why it is an error."""
    tensors = _tensors(reply, version)
    return tensors if isinstance(tensors, str) else _scores(tensors, rows, task)


def version_said(reply: Reply) -> int | None:
    """The version that a server says it is when it is asked for its model; None where it does not say."""
    if reply.status != 200:
        return None
    try:
        return int(orjson.loads(reply.content)["versions"][0])
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _tensors(reply: Reply, version: int) -> dict[str, Any] | str:
    if not 200 <= reply.status < 300:
        return f"status {reply.status}: {reply.content[:120].decode(errors='replace')}"
    try:
        content = orjson.loads(reply.content)
        named = content["model_version"]
        tensors = {tensor["name"]: tensor["data"] for tensor in content["outputs"]}
    except (ValueError, KeyError, TypeError) as error:
        return _no_answer(error)
    return tensors if named == str(version) else f"version {named} answered, not {version}"


def _scores(tensors: dict[str, Any], rows: int, task: Task) -> Scores | str:
    try:
        scores: Scores = np.asarray(tensors["score"], np.float64)
        # A tensor of two dimensions comes flat, row by row.
        scores = scores.reshape(-1, *task.width) if task.width else scores
    except (ValueError, KeyError, TypeError) as error:
        return _no_answer(error)
    if scores.shape != (rows, *task.width) or not np.isfinite(scores).all():
        return f"scores of shape {list(scores.shape)}, expected {rows} finite numbers{_of_each(task)}"
    return scores


def _no_answer(error: Exception) -> str:
    return f"not an answer of the Open Inference Protocol: {type(error).__name__}: {error}"


def _of_each(task: Task) -> str:
    return f" for each of {len(task.classes)} classes" if task.classes else ""
