"""Arrays of a file that somebody else may have written: of plain numbers, bounded, and never a pickle."""

import math
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from slipway.base.errors import SlipwayError

LARGEST = 512 * 2**20
"""Bytes of all arrays of a file once they are unpacked; weights of a million values in a hundred classes."""
MOST = 10_000
"""Arrays of an archive."""
_BEGINS = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '(?P<type>[<>|][biuf][1248])', 'fortran_order': (?P<order>True|False), "
    rb"'shape': \((?P<shape>(?:\d{1,12},)?|\d{1,12}(?:, \d{1,12}){1,3})\), \} *\n"
)
"""As `numpy.save` writes it of plain numbers."""
_ENDING = ".npy"
_ENCRYPTED = 1
"""A bit of a member of an archive."""
_UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile)
"""What Python's `zipfile` may raise for an archive that is damaged."""


def read_npy(path: Path) -> NDArray[Any]:
    """One array, which cannot be written to.

    Raises:
        SlipwayError: the file is absent, or none of plain numbers, or longer or shorter than its header says.
    """
    try:
        with path.open("rb") as file:
            return _array(file, path.stat().st_size)
    except (OSError, ValueError) as error:
        raise _failure(path, error) from error  # guard model.array


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an archive by name, each as of `read_npy`.

    Raises:
        SlipwayError: the file is absent or no such archive, or unpacks to more than `LARGEST`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            # Asked before anything is unpacked: of a member no more is unpacked than it says here.
            size = sum(one.file_size for one in members)
            if size > LARGEST or len(members) > MOST:
                raise ValueError(
                    f"{len(members)} arrays of {size:,} bytes, expected at most {LARGEST:,} bytes"
                )
            names = [_name(one) for one in members]
            if len({*names}) != len(names):
                raise ValueError("two arrays have the same name")
            found = {}
            for name, one in zip(names, members, strict=True):
                with archive.open(one) as file:
                    found[name] = _array(file, one.file_size)
            return found
    except _UNREADABLE as error:
        raise _failure(path, error) from error  # guard model.array


def require(path: Path, name: str, array: NDArray[Any], dtype: DTypeLike, *shape: int | None) -> None:
    """Require the type and shape of an array, and that no number is infinite or missing.

    Args:
        shape: None for any length.

    Raises:
        SlipwayError: the line names the file and the array.
    """
    fits = array.ndim == len(shape) and all(
        one in (None, length) for one, length in zip(shape, array.shape, strict=True)
    )
    if array.dtype != dtype or not fits:
        lengths = ", ".join("any" if one is None else str(one) for one in shape)
        expected = f"{np.dtype(dtype)} [{lengths}]"
        require_that(path, False, f"{name}: found {array.dtype} {[*array.shape]}, expected {expected}")
    if array.dtype.kind == "f":
        require_that(path, bool(np.isfinite(array).all()), f"{name}: found an infinite number, or none")


def require_that(path: Path, holds: bool, fault: str) -> None:
    """Refuse a file in which something does not hold.

    Raises:
        SlipwayError: it does not.
    """
    if not holds:
        raise SlipwayError(f"{path}: {fault}; train the model again")  # guard model.values


def _failure(path: Path, error: Exception) -> SlipwayError:
    said = " ".join(str(error).split())[:200]
    return SlipwayError(
        f"{path}: no arrays of plain numbers as numpy saves them: {said}; train the model again"
    )


def _name(member: zipfile.ZipInfo) -> str:
    if member.flag_bits & _ENCRYPTED or member.compress_type not in (
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    ):
        raise ValueError(f"{member.filename!r} is encrypted, or packed as numpy packs nothing")
    if not member.filename.endswith(_ENDING):
        raise ValueError(f"{member.filename!r} is no array")
    return member.filename.removesuffix(_ENDING)


def _array(file: IO[bytes], size: int) -> NDArray[Any]:
    """An array from a file of so many bytes, whose header decides nothing that they do not bear out."""
    begins = file.read(len(_BEGINS) + 2)
    length = int.from_bytes(begins[len(_BEGINS) :], "little")
    header = _HEADER.fullmatch(file.read(length))
    if not begins.startswith(_BEGINS) or header is None:
        raise ValueError("the header is not that of an array of plain numbers")
    dtype = np.dtype(header["type"].decode())
    shape = tuple(int(one) for one in header["shape"].decode().split(",") if one)
    content = size - len(begins) - length
    if (expected := math.prod(shape) * dtype.itemsize) != content or content > LARGEST:
        raise ValueError(f"{content:,} bytes of numbers, but {expected:,} by the shape {shape}")
    found = np.frombuffer(file.read(content), dtype)
    if len(found) * dtype.itemsize != content:
        raise ValueError("it ends early")
    order = "F" if header["order"] == b"True" else "C"
    return found.reshape(shape, order=order)  # type: ignore[call-overload,no-any-return]  # not a literal
