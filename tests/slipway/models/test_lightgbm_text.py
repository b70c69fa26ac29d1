"""A model's text is read token by token before LightGBM, which would follow any index, sees it."""

# ruff: noqa: S311

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.base.errors import SlipwayError
from slipway.models import BINARY, Objective, predictor
from slipway.models.boosting import MODEL, OBJECTIVES
from slipway.models.lightgbm_text import END, LARGEST, checked
from tests.slipway.models.rows import ABSOLUTE, CLASSES, SQUARED, drawn
from tests.slipway.models.spoilt import edited, put, saved, spoilt

NAMES = [name for name, _ in OBJECTIVES.values()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model of four classes, which splits numbers and categories."""
    return saved("boosting", CLASSES, tmp_path_factory.mktemp("trained") / "model")


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    """Its trees."""
    return (folder / MODEL).read_text(encoding="ascii")


def bare(text: str) -> int:
    """How LightGBM ends on a text that nobody has checked."""
    command = [sys.executable, "-m", "tests.slipway.models.loading", "bare"]
    return subprocess.run(command, input=text, text=True, capture_output=True, check=False).returncode


def told(path: Path) -> str:
    """What the check says, which is one line where it refuses."""
    try:
        found = checked(path, NAMES)
    except SlipwayError as error:
        return "refused" if "\n" not in str(error) else str(error)
    return "accepted" if found.endswith(END) else found


def swapped(old: str, new: str) -> Callable[[str], str]:
    """An edit of one place of the text."""

    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


def changed(key: str, index: int, value: object) -> Callable[[str], str]:
    """An edit of one number of the first tree."""
    return lambda text: edited(text, 0, key, put(index, value))


def with_category(key: str, value: object) -> Callable[[str], str]:
    """An edit of the first tree that splits a category, at the node that does."""

    def change(text: str) -> str:
        blocks = text.split("\nTree=")[1:]
        tree = next(number for number, block in enumerate(blocks) if "\nnum_cat=0" not in block)
        types = blocks[tree].split("\ndecision_type=")[1].split("\n")[0].split(" ")
        return edited(text, tree, key, put(types.index("1") if key == "threshold" else 0, value))

    return change


ENDLESS = {
    "a node that is its own child": (changed("left_child", 0, 0), "after its parent"),
    "a circle below the root": (lambda text: edited(text, 0, "right_child", put(-1, 0)), "after its parent"),
}
"""Edits on which scoring never ends."""
CRASHING = {
    "a node beyond the tree": (changed("left_child", 0, 2**30), "expected -7 to 5"),
    "a leaf beyond the tree": (changed("left_child", 0, -(2**30)), "expected -7 to 5"),
    "an input beyond the row": (changed("split_feature", 0, 2**30), "split_feature: found 1073741824"),
    "a category beyond the sets": (with_category("threshold", 2**29), "threshold: expected the sets 0 to"),
}
"""Edits on which scoring reads or writes somebody else's memory."""
OTHERS = {
    "no model": (lambda text: "tree", "the header"),
    "another version": (swapped("version=v4", "version=v3"), "the header"),
    "another objective": (swapped("=multiclass num", "=lambdarank num"), "objective: found 'lambdarank"),
    "an objective of other classes": (
        swapped("num_class:4", "num_class:5"),
        "expected 'multiclass num_class:4'",
    ),
    "no classes": (
        lambda text: text.replace("num_class=4", "num_class=0").replace(":4", ":0"),
        "num_class: found 0",
    ),
    "more classes than trees": (swapped("iteration=4", "iteration=3"), "num_tree_per_iteration: found 3"),
    "a round with a tree less": (
        lambda text: edited(
            text[: text.rindex("Tree=")] + text[text.index(END) :], 0, "shrinkage", put(0, 1)
        ),
        "trees, expected 4 in each round",
    ),
    "a header field twice": (swapped("label_index=0\n", "label_index=0\nlabel_index=0\n"), "the header"),
    "averaged trees": (swapped("feature_names", "average_output\nfeature_names"), "the header"),
    "other inputs": (swapped("Column_1 ", "Column_01 "), "feature_names"),
    "many inputs": (swapped("max_feature_idx=9", "max_feature_idx=999999"), "max_feature_idx"),
    "a range less": (swapped("feature_infos=", "feature_infos=none "), "feature_infos"),
    "huge trees": (changed("num_leaves", 0, 2**30), "num_leaves: found 1073741824, expected 1 to 131072"),
    "no leaves": (changed("num_leaves", 0, -1), "num_leaves"),
    "a leaf less": (changed("num_leaves", 0, 6), "numbers, expected"),
    "more categories than nodes": (changed("num_cat", 0, 7), "num_cat: found 7"),
    "two parents": (
        lambda text: edited(text, 0, "left_child", lambda t: put(-1, t[-2])(t)),
        "has two parents",
    ),
    "an input below zero": (changed("split_feature", 0, -1), "split_feature: found -1"),
    "an unknown decision": (changed("decision_type", 0, 12), "decision_type: found 12"),
    "sets that shrink": (with_category("cat_boundaries", 1), "cat_boundaries"),
    "a set beyond its words": (with_category("cat_threshold", 2**32), "cat_threshold: found 4294967296"),
    "an endless value": (changed("leaf_value", 0, "1e+300"), "leaf_value: expected finite numbers"),
    "an endless threshold": (changed("threshold", 0, "1e+999"), "threshold: found a number beyond 64 bits"),
    "no number": (changed("leaf_value", 0, "nan"), "leaf_value: expected finite numbers"),
    "a number less": (lambda text: edited(text, 0, "leaf_value", list.pop), "leaf_value: found 6 numbers"),
    "a count below zero": (changed("leaf_count", 0, -1), "leaf_count: found -1"),
    "a linear tree": (changed("is_linear", 0, 1), "is_linear: found '1'"),
    "another line": (swapped("\nshrinkage", "\nleaf_const=1\nshrinkage"), "tree 0"),
    "sizes that are not the trees'": (swapped("tree_sizes=", "tree_sizes=1 "), "trees"),
    "a tree of another number": (swapped("Tree=1\n", "Tree=2\n"), "tree 1"),
    "no end": (swapped(END, "end of leaves\n"), "expected 'end of trees'"),
    "a section more": (lambda text: f"{text}\nforced_splits:\n", "what follows the trees"),
    "no ASCII": (swapped("tree\n", "trée\n"), "is not ASCII"),
}
BAD = ENDLESS | CRASHING | OTHERS


@pytest.mark.gate(
    "model.text",
    fed="a LightGBM model with a line edited: circles, indices out of memory, what LightGBM never writes",
    stops="serve",
    exit=1,
    reason="this is no model as LightGBM saves it",
    untouched="LightGBM's C++ is not given the text",
)
@pytest.mark.parametrize("case", BAD)
def test_an_edited_model_is_refused_in_one_line(text: str, tmp_path: Path, case: str) -> None:
    """The line names the file, the tree and what was found."""
    change, said = BAD[case]
    (tmp_path / MODEL).write_text(change(text), encoding="utf-8")
    with pytest.raises(SlipwayError, match=r"^[^\n]*$") as caught:
        checked(tmp_path / MODEL, NAMES)
    assert said in str(caught.value)
    assert "this is no model as LightGBM saves it" in str(caught.value)


def test_an_edited_model_does_not_load(folder: Path, text: str, tmp_path: Path) -> None:
    """The kind itself asks first; an unchecked text would end this process."""
    copy = shutil.copytree(folder, tmp_path / "model")
    (copy / MODEL).write_text(CRASHING["a node beyond the tree"][0](text), encoding="ascii")
    with pytest.raises(SlipwayError, match="tree 0: node 0: child 1073741824"):
        predictor("boosting").load(copy)


@pytest.mark.parametrize(
    "case", [pytest.param(one, marks=pytest.mark.long if "circle" in one else ()) for one in ENDLESS]
)
def test_lightgbm_alone_never_ends(text: str, case: str) -> None:
    """Measured by what it computes, not by a clock: it is stopped once it has used its seconds."""
    assert bare(ENDLESS[case][0](text)) == -signal.SIGXCPU


@pytest.mark.parametrize(
    "case", [pytest.param(one, marks=() if "a leaf" in one else pytest.mark.long) for one in CRASHING]
)
def test_lightgbm_alone_crashes(text: str, case: str) -> None:
    """As its issues #7357, #7437 and #7438 say; a release that mends them lets this test go."""
    assert bare(CRASHING[case][0](text)) in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS)


def test_lightgbm_alone_scores_a_sound_model(text: str) -> None:
    """So that the two tests above see the edit and nothing else."""
    assert bare(text) == 0


@pytest.mark.parametrize("objective", [BINARY, SQUARED, ABSOLUTE, CLASSES], ids=lambda one: one.name)
def test_sound_models_pass(objective: Objective, tmp_path: Path) -> None:
    """Of every objective; their trees reach LightGBM as they are, and the parameters of training do not."""
    path = saved("boosting", objective, tmp_path / "model") / MODEL
    found = checked(path, NAMES)
    assert path.read_text(encoding="ascii").startswith(found)
    assert found.endswith(END)


def test_a_tree_of_one_leaf_passes(tmp_path: Path) -> None:
    """What LightGBM writes where nothing splits."""
    import lightgbm
    import numpy as np

    data = lightgbm.Dataset(np.zeros((50, 2)), label=np.arange(50) % 2)
    lightgbm.train({"objective": "binary", "verbosity": -1}, data, 1).save_model(tmp_path / MODEL)
    assert "num_leaves=1\n" in checked(tmp_path / MODEL, NAMES)


def test_a_file_beyond_the_bound_is_not_read(tmp_path: Path) -> None:
    """It takes no place on the disk, and would take all memory."""
    with (tmp_path / MODEL).open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(SlipwayError, match="bytes, expected at most 268,435,456"):
        checked(tmp_path / MODEL, NAMES)


@given(seed=st.integers(0, 2**32))
def test_any_edit_gets_a_verdict(text: str, tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Accepted, or refused in one line, and no other error, whatever was cut, doubled, flipped or written."""
    path = tmp_path_factory.getbasetemp() / "spoilt.txt"
    path.write_text(spoilt(text, Random(seed)), encoding="utf-8")
    assert told(path) in ("accepted", "refused")


def test_what_is_accepted_scores(folder: Path, text: str, tmp_path: Path) -> None:
    """Edits by seed, in one process that each of them could end; the long run is `benchmarks.fuzz_models`."""
    folders = []
    for seed in range(60):
        copy = shutil.copytree(folder, tmp_path / str(seed))
        (copy / MODEL).write_text(spoilt(text, Random(seed)), encoding="utf-8")
        folders.append(copy)
    command = [sys.executable, "-m", "tests.slipway.models.loading", "checked", "boosting"]
    done = subprocess.run(
        command, input="".join(f"{one}\n" for one in folders), text=True, capture_output=True, check=False
    )
    said = done.stdout.splitlines()

    assert (done.returncode, said[0]) == (0, "ready"), done.stderr[-500:]
    assert {*said[1:]} == {"refused", "scored"}
    assert len(said[1:]) == len(folders)


@pytest.mark.gate(
    "model.fit",
    fed="a model that is sound in itself, for other inputs than those of its version's features",
    stops="serve",
    exit=1,
    reason="the model's trees split 10 columns, the inputs have 9",
    untouched="nothing is scored",
)
def test_a_model_of_other_inputs_answers_nothing(folder: Path) -> None:
    """A row that is too short would be read beyond its end."""
    loaded = predictor("boosting").load(folder)
    rows = drawn(4)
    with pytest.raises(SlipwayError, match="the model's trees split 10 columns, the inputs have 9"):
        loaded.scores(replace(rows, numeric=rows.numeric[:, :0], numeric_names=()))
