"""The text of a LightGBM model, compared with what LightGBM writes before its C++ reads it.

LightGBM checks how long the arrays of a tree are and not what they say: it follows an index in them wherever
that leads, in a circle or out of memory (its issues #7357, #7437 and #7438). So every token is read here
first, and LightGBM is given the header and the trees alone, without the parameters of training.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from math import isfinite
from pathlib import Path

from slipway.base.errors import SlipwayError

LARGEST = 256 * 2**20
"""Bytes of a model; a hundred trees of 31 leaves have a third of a million."""
MOST_LEAVES, MOST_INPUTS, MOST_CLASSES = 131_072, 100_000, 1000
"""Leaves of a tree, as a card may ask for; inputs; and classes, each of which has a tree in every round."""
END = "end of trees\n"
NUMERIC, CATEGORICAL = frozenset({0, 2, 4, 6, 8, 10}), frozenset({1, 5, 9})
"""Decision types. In bits: by category or not, the side of a missing value, and how one is told, 0 to 2."""
_NUMBER = r"-?\d{1,20}(?:\.\d{1,20})?(?:e[+-]\d{1,3})?"
_SMALL = r"-?(?:\d{1,20}(?:\.\d{1,20})?|\d(?:\.\d{1,20})?e(?:-\d{1,3}|\+[0-2]?\d?\d))"
"""A number, and one that is finite in 64 bits whatever its digits are."""
_INTEGERS, _NUMBERS, _SMALLS = (re.compile(rf"{one}(?: {one})*") for one in (r"-?\d{1,10}", _NUMBER, _SMALL))
_RANGE = rf"(?:none|\[{_NUMBER}:{_NUMBER}\]|-?\d{{1,10}}(?::-?\d{{1,10}})*)"
_RANGES = re.compile(rf"{_RANGE}(?: {_RANGE})*")
_HEADER = re.compile(
    r"tree\nversion=v4\nnum_class=(?P<classes>\d{1,4})\nnum_tree_per_iteration=(?P<each>\d{1,4})\n"
    r"label_index=0\nmax_feature_idx=(?P<last>\d{1,6})\nobjective=(?P<objective>[a-z0-9_: ]+)\n"
    r"feature_names=(?P<names>[^\n]*)\nfeature_infos=(?P<infos>[^\n]*)\n"
    r"tree_sizes=(?P<sizes>\d{1,9}(?: \d{1,9})*)\n\n"
)
_REST = re.compile(
    rf"\nfeature_importances:\n(?:Column_\d{{1,6}}={_NUMBER}\n)*"
    r"\nparameters:\n(?:\[[a-z0-9_]+: [^\n]*\]\n)*\nend of parameters\n"
    r"(?:\npandas_categorical:(?:null|\[\])\n)?"
)
_SPLITS = ("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child")
_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
_INNER = ("internal_value", "internal_weight", "internal_count")
_CATEGORIES = ("cat_boundaries", "cat_threshold")
"""The arrays of a tree in their order; the last two only where a category is split."""
_COUNTED = ("leaf_count", "internal_count")
_MEASURED = ("split_gain", "leaf_value", "leaf_weight", "internal_value", "internal_weight")


class _FaultError(Exception):
    """What is wrong with a model, without its path."""


def checked(path: Path, objectives: Sequence[str]) -> str:
    """What scoring needs of a model's text, once all of it was read.

    Args:
        objectives: that it may have been trained for, by LightGBM's names.

    Raises:
        SlipwayError: it is not what LightGBM writes; the line says where, what was found and expected.
    """
    try:
        return _read(path, objectives)
    except _FaultError as error:
        # guard model.text
        raise SlipwayError(
            f"{path}: {error}; this is no model as LightGBM saves it: train it again"
        ) from error


def _read(path: Path, objectives: Sequence[str]) -> str:
    if (size := path.stat().st_size) > LARGEST:
        raise _FaultError(f"{size:,} bytes, expected at most {LARGEST:,}")
    try:
        text = path.read_bytes().decode("ascii")
    except UnicodeDecodeError as error:
        raise _FaultError(f"byte {error.start} is not ASCII") from error
    header = _HEADER.match(text)
    if header is None:
        raise _FaultError("the header does not have the lines of version v4, each once and in their order")
    inputs, each = _header(header, objectives)
    at, sizes = header.end(), [int(one) for one in header["sizes"].split(" ")]
    if len(sizes) % each:
        raise _FaultError(f"tree_sizes: found {len(sizes)} trees, expected {each} in each round")
    for number, length in enumerate(sizes):
        try:
            _tree(text[at : at + length], number, inputs)
        except _FaultError as error:
            raise _FaultError(f"tree {number}: {error}") from error
        at += length
    if not text.startswith(END, at):
        raise _FaultError(f"byte {at}: expected {END.strip()!r} after the trees that tree_sizes names")
    at += len(END)
    if _REST.fullmatch(text, at) is None:
        raise _FaultError("what follows the trees is not importances and parameters, each once")
    return text[:at]


def _header(header: re.Match[str], objectives: Sequence[str]) -> tuple[int, int]:
    """How many inputs there are, and how many trees each round has."""
    classes, each, last = (int(header[name]) for name in ("classes", "each", "last"))
    name = header["objective"].split(" ")[0]
    whole = {"multiclass": f"multiclass num_class:{classes}", "binary": "binary sigmoid:1"}.get(name, name)
    if name not in objectives or header["objective"] != whole:
        expected = whole if name in objectives else " or ".join(objectives)
        raise _FaultError(f"objective: found {header['objective']!r}, expected {expected!r}")
    least, most = (2, MOST_CLASSES) if name == "multiclass" else (1, 1)
    if not least <= classes <= most:
        raise _FaultError(f"num_class: found {classes}, expected {least} to {most}")
    if each != classes:
        raise _FaultError(f"num_tree_per_iteration: found {each}, expected {classes} as num_class")
    if last >= MOST_INPUTS:
        raise _FaultError(f"max_feature_idx: found {last}, expected below {MOST_INPUTS}")
    if header["names"] != " ".join(f"Column_{number}" for number in range(last + 1)):
        raise _FaultError(f"feature_names: expected Column_0 to Column_{last}")
    if not _RANGES.fullmatch(header["infos"]) or header["infos"].count(" ") != last:
        raise _FaultError(f"feature_infos: expected {last + 1} ranges")
    return last + 1, each


def _tree(block: str, number: int, inputs: int) -> None:
    """Read a tree from its first line to the two blank ones behind it."""
    first, last = f"Tree={number}\n", "\n\n\n"
    if not block.startswith(first) or not block.endswith(last):
        raise _FaultError(f"the length in tree_sizes, {len(block)}, is not that of one tree")
    lines = [line.split("=", 1) for line in block[len(first) : -len(last)].split("\n")]
    of = {line[0]: line[-1] for line in lines}
    leaves = _count(of, "num_leaves", 1, MOST_LEAVES)
    categories = _count(of, "num_cat", 0, leaves - 1)
    arrays = (*_SPLITS, *_LEAVES, *_INNER, *(_CATEGORIES if categories else ()))
    keys = ["num_leaves", "num_cat", *arrays, "is_linear", "shrinkage"]
    if [line[0] for line in lines] != keys or any(len(line) != 2 for line in lines):
        raise _FaultError(f"expected the lines {', '.join(keys)}, each once and in this order")
    if of["is_linear"] != "0":
        raise _FaultError(f"is_linear: found {of['is_linear']!r}, expected '0'")
    _numbers(of, "shrinkage", 1)
    inner = leaves - 1
    for key in _MEASURED:
        # A tree of one leaf tells no weight of it.
        of_leaves = leaves if inner or key != "leaf_weight" else 0
        _require_tokens(of, key, _SMALLS, of_leaves if key in _LEAVES else inner)
    for key in _COUNTED:
        _within(key, _integers(of, key, leaves if key in _LEAVES else inner), 0, 2**31 - 1)
    _within("split_feature", _integers(of, "split_feature", inner), 0, inputs - 1)
    _children(_integers(of, "left_child", inner), _integers(of, "right_child", inner), leaves)
    _decisions(_integers(of, "decision_type", inner), _numbers(of, "threshold", inner), categories)
    if categories:
        bounds = _integers(of, "cat_boundaries", categories + 1)
        if bounds[0] != 0 or any(one >= other for one, other in pairwise(bounds)):
            raise _FaultError("cat_boundaries: expected numbers that grow from 0")
        _within("cat_threshold", _integers(of, "cat_threshold", bounds[-1]), 0, 2**32 - 1)


def _children(left: list[int], right: list[int], leaves: int) -> None:
    """Require that each node but the root, and each leaf, is the child of one node, which comes before it.

    LightGBM numbers nodes as it makes them, so with each child after its parent there is no circle. Leaf i is
    written -i - 1.
    """
    for node, pair in enumerate(zip(left, right, strict=True)):
        for child in pair:
            if not -leaves <= child < leaves - 1:
                raise _FaultError(f"node {node}: child {child}, expected {-leaves} to {leaves - 2}")
            if 0 <= child <= node:
                raise _FaultError(f"node {node}: child {child}, expected a node after its parent")
    if len({*left, *right}) != len(left) + len(right):
        raise _FaultError("left_child and right_child: a node or leaf has two parents, and another has none")


def _decisions(types: list[int], thresholds: list[float], categories: int) -> None:
    """Require known types of decisions, and of those by category each to use the next set of categories."""
    if unknown := {*types} - NUMERIC - CATEGORICAL:
        raise _FaultError(f"decision_type: found {min(unknown)}, expected one of 0, 1, 2, 4, 5, 6, 8, 9, 10")
    sets = [value for kind, value in zip(types, thresholds, strict=True) if kind in CATEGORICAL]
    if sets != list(range(categories)):
        raise _FaultError(
            f"threshold: expected the sets 0 to {categories - 1}, in order, where a category is split"
        )


def _count(of: dict[str, str], key: str, least: int, most: int) -> int:
    (found,) = _integers(of, key, 1)
    _within(key, [found], least, most)
    return found


def _within(key: str, values: list[int], least: int, most: int) -> None:
    for one in (min(values), max(values)) if values else ():
        if not least <= one <= most:
            raise _FaultError(f"{key}: found {one}, expected {least} to {most}")


def _integers(of: dict[str, str], key: str, count: int) -> list[int]:
    _require_tokens(of, key, _INTEGERS, count)
    return [int(one) for one in of[key].split()] if count else []


def _numbers(of: dict[str, str], key: str, count: int) -> list[float]:
    _require_tokens(of, key, _NUMBERS, count)
    found = [float(one) for one in of[key].split()] if count else []
    if not all(map(isfinite, found)):
        raise _FaultError(f"{key}: found a number beyond 64 bits")
    return found


def _require_tokens(of: dict[str, str], key: str, grammar: re.Pattern[str], count: int) -> None:
    """Require so many numbers with one space between, and nothing else in the line."""
    text = of.get(key, "")
    found = text.count(" ") + 1 if text else 0
    if found != count:
        raise _FaultError(f"{key}: found {found} numbers, expected {count}")
    if found and not grammar.fullmatch(text):
        raise _FaultError(f"{key}: expected finite numbers with a space between, found something else")
