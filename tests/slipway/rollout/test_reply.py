"""How an answer is read."""

from typing import Any

import numpy as np
import orjson
import pytest

from slipway.rollout.client import Reply
from slipway.rollout.reply import read_answer
from slipway.rollout.traffic import Answer
from slipway.settings import load_card
from slipway.tasks import kind
from tests.slipway.root import ROOT

TASK = kind("click")(load_card(ROOT, "ad_click").data)


def reply(status: int = 200, **changes: Any) -> Reply:
    """What a server says of two options, with some of it changed."""
    tensors = {"score": [0.2, 0.7], "rank": [2, 1]} | changes.pop("tensors", {})
    outputs = [{"name": name, "data": data} for name, data in tensors.items()]
    content = {"model_name": "ad_click", "model_version": "3", "outputs": outputs} | changes
    return Reply(status, orjson.dumps(content), 1.0)


def test_a_whole_answer_is_read() -> None:
    """Scores and ranks as arrays."""
    answer = read_answer(reply(), 2, 3, TASK)

    assert isinstance(answer, Answer)
    np.testing.assert_array_equal(answer.scores, [0.2, 0.7])
    np.testing.assert_array_equal(answer.ranks, [2, 1])


def test_an_answer_of_another_version_is_an_error() -> None:
    """It says nothing of the version whose arm it is."""
    assert read_answer(reply(), 2, 4, TASK) == "version 3 answered, not 4"


@pytest.mark.parametrize("status", [0, 199, 302, 404, 500])
def test_other_statuses_are_errors(status: int) -> None:
    """Only 2xx is an answer."""
    assert str(read_answer(reply(status), 2, 3, TASK)).startswith(f"status {status}: ")


@pytest.mark.parametrize(
    "changes",
    [
        {"tensors": {"score": [0.2]}},
        {"tensors": {"score": [0.2, None]}},
        {"tensors": {"score": ["a", "b"]}},
        {"tensors": {"rank": [1, 1]}},
        {"tensors": {"rank": [1, 3]}},
        {"tensors": {"rank": 1}},
        {"tensors": {"rank": None}},
        {"tensors": {"rank": [None, 1]}},
        {"tensors": {"rank": [1.5, 1]}},
        {"tensors": {"rank": ["first", "second"]}},
        {"outputs": []},
        {"outputs": None},
        {"model_version": None},
    ],
)
def test_a_malformed_answer_is_an_error(changes: dict[str, Any]) -> None:
    """Too few or unreal scores, ranks that do not order the options, tensors that are missing."""
    assert isinstance(read_answer(reply(**changes), 2, 3, TASK), str)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"null", b"3"])
def test_no_answer_at_all_is_an_error(content: bytes) -> None:
    """Whatever a proxy may say with status 200."""
    assert isinstance(read_answer(Reply(200, content, 1.0), 2, 3, TASK), str)
