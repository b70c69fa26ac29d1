"""What a file is that holds no delimited text, by its first bytes, and how to make such text of it."""

import re
import shlex
from pathlib import Path
from zipfile import BadZipFile, ZipFile

_UNPACK = "unpack it"
_PARQUET = "write it as Parquet where it was made"
_SHEET = "save the sheet as `CSV UTF-8`"
_BEGINS = (
    (b"PAR1", "a Parquet file", "say `format: parquet` in the card"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls) or another file of Office", _SHEET),
    (b"\xfd7zXZ\0", "compressed by xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", _UNPACK),
    (b"\x04\x22\x4d\x18", "compressed by lz4", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"SQLite format 3\0", "an SQLite database", "export the table, as with `sqlite3 -header -csv`"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _PARQUET),
    (b"ARROW1\0\0", "an Arrow or Feather file", _PARQUET),
    (b"FEA1", "a Feather file", _PARQUET),
    (b"Obj\x01", "an Avro file", _PARQUET),
    (b"\x93NUMPY", "an array of NumPy", _PARQUET),
    (b"$FL2@(#)", "an SPSS file", _PARQUET),
    (b"<stata_dta>", "a Stata file", _PARQUET),
    (b"%PDF-", "a PDF", "export the table where it was made"),
    (b"{\\rtf", "an RTF document", "save it as plain text"),
    (b"version https://git-lfs.", "a pointer of Git LFS, not the file itself", "`git lfs pull` brings it"),
    (b"outs:\n- md5:", "a pointer of DVC, not the file itself", "`dvc pull` brings it"),
)
_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
_PICKLE = re.compile(rb"\x80[\x02-\x05][\x80-\xff(}\]c]|\x80[\x04\x05]\x95")
_TAR = slice(257, 262)
_JSON = re.compile(r"\s*(\[\s*[\[{]|\{\s*[\"}])")
_MARKUP = ("<!doctype", "<!--", "<?xml", "<html", "<head", "<body")


def other_kind(path: Path, begun: bytes, text: str) -> str | None:
    """What a file is and what to do, in one line; None where it may be delimited text.

    Args:
        begun: its first bytes, unpacked where it is gzip.
        text: the same as text.
    """
    found = _known(path, begun) or _wide(path, begun) or _json(text)
    if found is None:
        return None
    what, mend = found
    return f"{what}, expected delimited text; {mend}"


def is_markup(text: str) -> bool:
    """Whether text begins as a page of HTML or XML does."""
    return text.lstrip().lower().startswith(_MARKUP)


def _known(path: Path, begun: bytes) -> tuple[str, str] | None:
    if begun.startswith(b"PK\x03\x04"):
        return _zip(path)
    if _BZIP2.match(begun):
        return "compressed by bzip2", _UNPACK
    if _PICKLE.match(begun):
        return "a pickle of Python", f"{_PARQUET}, for to read a pickle is to run what is in it"
    if begun[_TAR] == b"ustar":
        return "a tar archive", _UNPACK
    return next(((what, mend) for mark, what, mend in _BEGINS if begun.startswith(mark)), None)


def _zip(path: Path) -> tuple[str, str]:
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
    except (BadZipFile, OSError):
        names = []
    if any(name.startswith(("xl/", "content.xml")) for name in names):
        return "a workbook (Excel or OpenDocument)", _SHEET
    held = f" of {len(names)} files" if len(names) != 1 else f" of {names[0]!r}"
    return f"a zip archive{held if names else ''}", _UNPACK


def _wide(path: Path, begun: bytes) -> tuple[str, str] | None:
    """Text of two or four bytes a character without a mark of it: of ASCII, most bytes are zero."""
    zeros = begun.count(0)
    if not zeros or begun.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")) or 3 * zeros < len(begun):
        return None
    first = begun[::2].count(0) > begun[1::2].count(0)
    name = f"UTF-{32 if 3 * zeros > 2 * len(begun) else 16}{'BE' if first else 'LE'}"
    command = f"iconv -f {name} -t UTF-8 {shlex.quote(path.name)} > mended.csv"
    return f"{name} text without a mark, or no text", f"`{command}` makes it UTF-8"


def _json(text: str) -> tuple[str, str] | None:
    if not _JSON.match(text):
        return None
    line = text.strip().split("\n", 1)[0].rstrip()
    lines = line.startswith("{") and line.endswith("}")
    read = "read_json(..., lines=True)" if lines else "read_json(...)"
    return "JSON lines" if lines else "JSON", f"pandas makes it, with `{read}.to_csv(..., index=False)`"
