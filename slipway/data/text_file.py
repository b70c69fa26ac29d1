"""A file of text as bytes: packed or not, in which encoding, how its lines end; all of it is looked at."""

import codecs
import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
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
PLAIN = "utf-8"


@dataclass(frozen=True)
class Look:
    """What a whole file is.

    Attributes:
        ends: the kinds of line ending in it, those inside of quotes too.
    """

    encoding: str
    ends: frozenset[str]

    @property
    def is_plain(self) -> bool:
        """Whether DuckDB reads it as it is: it sees no quote behind a mark, and takes one end for all."""
        return self.encoding == PLAIN and len(self.ends) < 2


def opened(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked."""
    return cast("BinaryIO", gzip.open(path)) if is_gzip(path) else path.open("rb")


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
    try:
        with opened(path) as file:
            begun = file.read(_HEAD)
        text = begun.decode(encoding(path), "replace")
    except (EOFError, zlib.error, OSError) as error:
        raise SlipwayError(f"{path}: not a whole gzip file: {error}") from error
    if (found := other_kind(path, begun, text)) is not None:
        raise SlipwayError(f"{path}: {found}")  # guard ingest.kind
    if not text.strip(" \r\n"):
        raise SlipwayError(f"{path}: empty, expected rows")  # guard ingest.empty
    if is_markup(text):
        raise SlipwayError(f"{path}: an HTML or XML page, expected delimited text")  # guard ingest.markup


def look(path: Path) -> Look:
    """Read a text file to its end.

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
    except (EOFError, zlib.error, OSError) as error:
        # DuckDB does not compare the checksum that stands at the end.
        raise SlipwayError(f"{path}: not a whole gzip file: {error}") from error  # guard ingest.gzip
    return Look(name, frozenset(ends))


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
