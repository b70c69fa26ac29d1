"""Arrays of a version are read by their bytes: no pickle, no bomb, no header that is believed."""

# ruff: noqa: S311

import io
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError
from slipway.models import BINARY, predictor
from slipway.models.arrays import LARGEST, MOST, read_npy, read_npz
from slipway.models.boosting import AS, MEANS, OF, UNIT
from slipway.models.linear import NUMERIC, RANGES, STARTS, WEIGHTS
from tests.slipway.models.rows import drawn
from tests.slipway.models.spoilt import saved, spoilt_bytes

SOUND = (
    np.arange(6, dtype=np.float32).reshape(2, 3),
    np.asfortranarray(np.arange(6.0).reshape(3, 2)),
    np.zeros(0, np.int64),
    np.zeros((0, 4), np.uint64),
    np.array(3, np.int8),
    np.array([True, False]),
    np.arange(24).reshape(2, 3, 4),
)


def npy(array: NDArray[Any], pickled: bool = False) -> bytes:
    """As numpy saves it."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def declared(shape: str, dtype: str = "<f8") -> bytes:
    """A header that says what its file may not hold, and eight bytes."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8)


def test_what_numpy_saves_is_read(tmp_path: Path) -> None:
    """Every shape and order, one by one and in an archive, packed or not."""
    for array in SOUND:
        np.save(tmp_path / "one.npy", array)
        np.testing.assert_array_equal(read_npy(tmp_path / "one.npy"), array)
    named = {f"of {number}": array for number, array in enumerate(SOUND)}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "all.npz", **named)
        found = read_npz(tmp_path / "all.npz")
        assert [*found] == [*named]
        for name, array in named.items():
            np.testing.assert_array_equal(found[name], array)
            assert found[name].dtype == array.dtype


BAD = {
    "a pickle": npy(np.array([{}], object), pickled=True),
    "texts": npy(np.array(["a"])),
    "a structure": npy(np.zeros(2, "i4,f8")),
    "complex numbers": npy(np.zeros(2, np.complex128)),
    "no magic": b"PK" + npy(np.zeros(2)),
    "an empty file": b"",
    "code in the header": declared("__import__('os').abort(),"),
    "a huge shape": declared("(999999999999, 999999999999)"),
    "a shape below zero": declared("(-1,)"),
    "a shape of one more": declared("(2,)"),
    "a type of no size": declared("(1,)", "<f0"),
    "cut off": npy(np.zeros(8))[:-1],
    "bytes behind": npy(np.zeros(8)) + b"\0",
    "a header without end": b"\x93NUMPY\x01\x00\xff\xff{",
    "nested brackets": declared("(" * 9000),
}


@pytest.mark.gate(
    "model.array",
    fed="arrays of objects, of other sizes than their header says, and archives that unpack to gigabytes",
    stops="serve",
    exit=1,
    reason="no arrays of plain numbers as numpy saves them",
    untouched="nothing is unpacked, and no pickle is read",
)
@pytest.mark.parametrize("case", BAD)
def test_what_is_no_array_of_numbers(tmp_path: Path, case: str) -> None:
    """Alone and in an archive."""
    (tmp_path / "x.npy").write_bytes(BAD[case])
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", BAD[case])
    with pytest.raises(SlipwayError, match=r"^.*x\.npy: no arrays of plain numbers[^\n]*$"):
        read_npy(tmp_path / "x.npy")
    with pytest.raises(SlipwayError, match=r"^.*x\.npz: no arrays of plain numbers[^\n]*$"):
        read_npz(tmp_path / "x.npz")


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, content in members:
            made.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


ONE = npy(np.zeros(2))
ARCHIVES: dict[str, tuple[Callable[[], bytes], str]] = {
    "no archive": (lambda: b"x" * 100, "not a zip file"),
    "a member that is no array": (lambda: archive(("x.py", ONE)), "'x.py' is no array"),
    "a way of packing of its own": (
        lambda: archive(("x.npy", ONE), method=zipfile.ZIP_LZMA),
        "packed as numpy",
    ),
    "many members": (lambda: archive(*((f"{n}.npy", b"") for n in range(MOST + 1))), "10001 arrays"),
    "an encrypted one": (
        lambda: archive(("x.npy", ONE)).replace(b"\x14\0\0\0\x08", b"\x14\0\1\0\x08"),
        "encrypted",
    ),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", ARCHIVES)
def test_what_is_no_archive_of_arrays(tmp_path: Path, case: str) -> None:
    """Each is one line."""
    made, said = ARCHIVES[case]
    (tmp_path / "x.npz").write_bytes(made())
    with pytest.raises(SlipwayError, match=r"^.*x\.npz: no arrays of plain numbers[^\n]*$") as caught:
        read_npz(tmp_path / "x.npz")
    assert said in str(caught.value)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name(tmp_path: Path) -> None:
    """One would be checked, and the other used."""
    (tmp_path / "x.npz").write_bytes(archive(("x.npy", ONE), ("x.npy", ONE)))
    with pytest.raises(SlipwayError, match="two arrays have the same name"):
        read_npz(tmp_path / "x.npz")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """Half a megabyte that says it would be more than half a gigabyte; and one that says less than it is."""
    with (
        zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as made,
        made.open("x.npy", "w", force_zip64=True) as member,
    ):
        for _ in range(LARGEST // 2**24 + 1):
            member.write(bytes(2**24))
    assert (tmp_path / "x.npz").stat().st_size < 2**20
    with pytest.raises(SlipwayError, match="expected at most 536,870,912 bytes"):
        read_npz(tmp_path / "x.npz")
    content = archive(("x.npy", declared("(1,)") + bytes(2**20)))
    size = len(declared("(1,)"))
    (tmp_path / "x.npz").write_bytes(
        content.replace((size + 2**20).to_bytes(4, "little"), size.to_bytes(4, "little"))
    )
    with pytest.raises(SlipwayError, match=r"x\.npz: no arrays of plain numbers"):
        read_npz(tmp_path / "x.npz")


LINEAR: dict[str, tuple[str, Callable[[NDArray[Any]], NDArray[Any]], str]] = {
    "weights of another type": (WEIGHTS, lambda one: one.astype(np.float64), "found float64"),
    "a weight that is none": (WEIGHTS, lambda one: one * np.float32(np.nan), "an infinite number, or none"),
    "a row of weights less": (WEIGHTS, lambda one: one[:-1], "do not grow from 0 to"),
    "weights in one row": (WEIGHTS, lambda one: one.ravel(), r"expected float32 \[any, any\]"),
    "numbers of more outputs": (NUMERIC, lambda one: np.vstack([one, one]), r"expected float64 \[3, any\]"),
    "no intercepts": (NUMERIC, lambda one: one[:, :0], "no column of intercepts"),
    "a scale of 0": (NUMERIC, lambda one: one * [[1], [0], [1]], "a scale is not above 0"),
    "starts beyond the weights": (STARTS, lambda one: one + 2**40, "do not grow from 0"),
    "starts that shrink": (STARTS, lambda one: one[[0, 2, 1, 3]], "do not grow from 0"),
    "no starts": (STARTS, lambda one: one[:0], "do not grow from 0"),
    "a range of others": (RANGES, lambda one: one[:, :0], r"expected float64 \[2, 1\]"),
    "a range from its end": (RANGES, lambda one: one[::-1], "end before they begin"),
    "an endless range": (RANGES, lambda one: one * np.inf, "an infinite number, or none"),
}


@pytest.mark.gate(
    "model.values",
    fed="arrays of a model that do not fit each other: another type, an index beyond, a number that is none",
    stops="serve",
    exit=1,
    reason="train the model again",
    untouched="nothing is scored",
)
@pytest.mark.parametrize("case", LINEAR)
def test_weights_that_do_not_fit(tmp_path: Path, case: str) -> None:
    """The line names the file and what was found."""
    name, change, said = LINEAR[case]
    folder = saved("logistic", BINARY, tmp_path / "model")
    np.save(folder / name, change(np.load(folder / name)))
    with pytest.raises(SlipwayError, match=said):
        predictor("logistic").load(folder)


BOOSTING: dict[str, tuple[dict[str, NDArray[Any]], str]] = {
    "a code beyond its values": ({f"{AS}colour": np.array([0, 9], np.int32)}, "a code beyond its 2 values"),
    "a code below zero": ({f"{AS}colour": np.array([-1], np.int32)}, "a code beyond its 1 values"),
    "many codes": ({f"{AS}colour": np.zeros(257, np.int32)}, "a code beyond its 257 values"),
    "codes that are numbers": ({f"{AS}colour": np.zeros(3)}, "found float64"),
    "means of another shape": ({f"{OF}shop": np.zeros(3, np.float32)}, r"expected float32 \[any, any\]"),
    "a mean that is none": ({f"{OF}shop": np.full((2, 1), np.nan, np.float32)}, "an infinite number"),
    "a unit of 0": ({UNIT: np.zeros(2)}, "the scale is not above 0"),
    "a unit of one number": ({UNIT: np.ones(1)}, r"expected float64 \[2\]"),
    "an array of no name": ({"other": np.zeros(2)}, "arrays of other names"),
}


@pytest.mark.parametrize("case", BOOSTING)
def test_tables_that_do_not_fit(tmp_path: Path, case: str) -> None:
    """As above, of boosting."""
    change, said = BOOSTING[case]
    folder = saved("boosting", BINARY, tmp_path / "model")
    with np.load(folder / MEANS) as arrays:
        np.savez_compressed(folder / MEANS, **(dict(arrays) | change))
    with pytest.raises(SlipwayError, match=said):
        predictor("boosting").load(folder)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model of each kind of file."""
    root = tmp_path_factory.mktemp("sound")
    return {kind: saved(kind, BINARY, root / kind) for kind in ("logistic", "boosting")}


@given(seed=st.integers(0, 2**32))
def test_any_edit_gets_a_verdict(
    folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """Read, or refused in one line: no other error, whatever was cut, doubled or written over."""
    random = Random(seed)
    kind, name = random.choice((("boosting", MEANS), ("logistic", NUMERIC), ("logistic", STARTS)))
    copy = tmp_path_factory.getbasetemp() / "spoilt"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folders[kind], copy)
    (copy / name).write_bytes(spoilt_bytes((copy / name).read_bytes(), random))
    try:
        predictor(kind).load(copy)
    except SlipwayError as error:
        said = str(error)
    else:
        said = ""
    assert "\n" not in said


@pytest.mark.gate("model.fit")
def test_values_that_the_inputs_do_not_have(folders: dict[str, Path], tmp_path: Path) -> None:
    """Of linear models, of means and of codes: one line, not an index beyond an array."""
    linear = predictor("logistic").load(folders["logistic"])
    few = replace(drawn(4), fields=drawn(4).fields[:2])
    with pytest.raises(
        SlipwayError, match=r"weights of 1 numbers .*, the inputs have 1 numbers and fields of"
    ):
        linear.scores(few)
    for name, dropped in ((f"{OF}shop", "0 values of 'shop'"), (f"{AS}colour", "0 values of 'colour'")):
        copy = Path(shutil.copytree(folders["boosting"], tmp_path / name))
        with np.load(copy / MEANS) as arrays:
            kept = {key: value for key, value in arrays.items() if key != name}
        if name.startswith(AS):
            kept[f"{AS}other"] = np.zeros(1, np.int32)
        np.savez_compressed(copy / MEANS, **kept)
        with pytest.raises(SlipwayError, match=f"the model knows {dropped}, the inputs have"):
            predictor("boosting").load(copy).scores(drawn(4))
