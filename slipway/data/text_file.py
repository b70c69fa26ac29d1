"""A file of text as bytes: packed or not, in which encoding, how its lines end; all of it is looked at."""

import codecs
import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from slipway.base.errors import SlipwayError
from slipway.data.file_kinds import is_markup, other_kind

_HEAD = 65_536
"""Bytes that tell what kind of file it is."""
_BLOCK = 1_048_576
_MARKS = {
    # The longer mark first, for it begins with the shorter one.
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
PLAIN, MARKED = "utf-8", "utf-8-sig"


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked.

    Raises:
        SlipwayError: it is no whole gzip file, as whoever reads to its end finds.
    """
    try:
        with cast("BinaryIO", gzip.open(path)) if is_gzip(path) else path.open("rb") as file:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        # DuckDB does not compare the checksum that stands at the end.
        raise SlipwayError(f"{path}: not a whole gzip file: {error}") from error  # guard ingest.gzip


def is_gzip(path: Path) -> bool:
    """Whether a file begins as gzip files do, whatever its name."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def encoding(path: Path) -> str:
    """The encoding that the mark at the beginning names; UTF-8 where there is none."""
    with opened(path) as file:
        begun = file.read(4)
    return next((name for mark, name in _MARKS.items() if begun.startswith(mark)), PLAIN)


def require_text(path: Path) -> None:
    """Look at the beginning of a file.

    Raises:
        SlipwayError: it holds something else than delimited text, or nothing.
    """
    with opened(path) as file:
        begun = file.read(_HEAD)
    text = begun.decode(encoding(path), "replace")
    if (found := other_kind(path, begun, text)) is not None:
        raise SlipwayError(f"{path}: {found}")  # guard ingest.kind
    if not text.strip(" \r\n"):
        raise SlipwayError(f"{path}: empty, expected rows")  # guard ingest.empty
    if is_markup(text):
        raise SlipwayError(f"{path}: an HTML or XML page, expected delimited text")  # guard ingest.markup


def is_plain(path: Path) -> bool:
    """Read a text file to its end: whether DuckDB reads it rightly as it stands.

    It takes the first line ending, be it inside of quotes, for that of all rows, and sees no quote right
    behind a byte order mark.

    Raises:
        SlipwayError: it is not text of its encoding, or no whole gzip file.
    """
    name = encoding(path)
    decoder, ends, held = codecs.getincrementaldecoder(name)(), Counter[str](), ""
    try:
        for block in _blocks(path):
            text = held + decoder.decode(block, final=not block)
            # The two of a pair are counted together.
            held = "\r" if text.endswith("\r") and block else ""
            ends += _ends(text.removesuffix(held))
    except UnicodeDecodeError as error:
        line = 1 + (ends + _ends(error.object[: error.start].decode(name, "replace"))).total()
        raise SlipwayError(
            f"{path}: line {line}: not {name.upper().removesuffix('-SIG')} text (byte "
            f"0x{error.object[error.start]:02x}); where it is Windows-1252, "
            "`iconv -f WINDOWS-1252 -t UTF-8` makes it that"
        ) from error  # guard ingest.encoding
    return len(ends) < 2 and (name == PLAIN or (name == MARKED and not _begins_quoted(path)))


def _begins_quoted(path: Path) -> bool:
    with opened(path) as file:
        return file.read(_HEAD).decode(MARKED, "replace").lstrip(" ").startswith('"')


def _ends(text: str) -> Counter[str]:
    both = text.count("\r\n")
    # `+` drops what is not there.
    return +Counter({"\r\n": both, "\n": text.count("\n") - both, "\r": text.count("\r") - both})


def _blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and nothing at its end."""
    with opened(path) as file:
        while block := file.read(_BLOCK):
            yield block
    yield b""
