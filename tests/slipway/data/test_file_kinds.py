"""What a file is that holds no delimited text; the line says it, and what to do."""

import bz2
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import feather

from slipway.base.errors import SlipwayError
from slipway.data.delimited import first_row
from slipway.data.file_kinds import other_kind

CSV = b"a,b\n1,2\n"


def zipped(**files: bytes) -> bytes:
    """An archive of these."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return held.getvalue()


def tarred() -> bytes:
    """An archive of one file."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        one = tarfile.TarInfo("t.csv")
        one.size = len(CSV)
        archive.addfile(one, io.BytesIO(CSV))
    return held.getvalue()


def database() -> bytes:
    """One of SQLite."""
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE t (a, b)")
        return connection.serialize()


def arrow() -> bytes:
    """A file of Feather."""
    held = io.BytesIO()
    feather.write_feather(pa.table({"a": [1]}), held)
    return held.getvalue()


def zstd() -> bytes:
    """Text that was compressed."""
    with pa.BufferOutputStream() as held:
        with pa.CompressedOutputStream(held, "zstd") as out:
            out.write(CSV)
        return bytes(held.getvalue())


WORKBOOK = {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}
KINDS = {
    "a workbook (Excel or OpenDocument)": (zipped(**WORKBOOK), "save the sheet as `CSV UTF-8`"),
    "an old Excel workbook (.xls)": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "save the sheet"),
    "a zip archive of 't.csv'": (zipped(**{"t.csv": CSV}), "unpack it"),
    "a zip archive of 2 files": (zipped(a=CSV, b=CSV), "unpack it"),
    "compressed by bzip2": (bz2.compress(CSV), "unpack it"),
    "compressed by xz": (lzma.compress(CSV), "unpack it"),
    "compressed by zstd": (zstd(), "unpack it"),
    "a tar archive": (tarred(), "unpack it"),
    "an SQLite database": (database(), "export the table"),
    "an Arrow or Feather file": (arrow(), "write it as Parquet where it was made"),
    "a Parquet file": (b"PAR1\x15\x04", "say `format: parquet` in the card"),
    "a pickle of Python": (pickle.dumps([{"a": 1}]), "to read a pickle is to run what is in it"),
    "an older pickle of Python": (pickle.dumps({"a": 1}, protocol=2), "write it as Parquet"),
    "JSON,": (json.dumps([{"a": 1, "b": 2}]).encode(), "`read_json(...).to_csv(..., index=False)`"),
    "JSON, of one object": (json.dumps({"a": [1]}, indent=1).encode(), "`read_json(...)"),
    "JSON lines": (b'{"a":1,"b":2}\n{"a":3,"b":4}\n', "`read_json(..., lines=True).to_csv"),
    "UTF-16LE text": (
        "a,b\n1,2\n".encode("utf-16-le"),
        "`iconv -f UTF-16LE -t UTF-8 't 1.csv' > mended.csv`",
    ),
    "UTF-16BE text": ("a,b\n1,2\n".encode("utf-16-be"), "iconv -f UTF-16BE"),
    "UTF-32LE text": ("a,b\n1,2\n".encode("utf-32-le"), "iconv -f UTF-32LE"),
    "UTF-32BE text": ("a,b\n1,2\n".encode("utf-32-be"), "iconv -f UTF-32BE"),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3", "export the table where it was made"),
    "a pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "`git lfs pull`"),
    "a pointer of DVC": (b"outs:\n- md5: 0\n  path: t.csv\n", "`dvc pull`"),
}
"""By what is said first."""


@pytest.mark.parametrize("said", KINDS)
def test_another_kind_of_file_is_told(tmp_path: Path, said: str) -> None:
    """Under any name."""
    content, mend = KINDS[said]
    path = tmp_path / "t 1.csv"
    path.write_bytes(content)
    with pytest.raises(SlipwayError) as caught:
        first_row(path, ",")

    line = str(caught.value)
    assert line.startswith(f"{path}: {said.removesuffix(', of one object').replace('an older', 'a')}")
    assert "expected delimited text; " in line
    assert mend in line
    assert line.isprintable()


@pytest.mark.parametrize(
    "text", ["[id],[name]\n1,2\n", "{a},b\n", "BZh9,b\n", "Rar!,b\n", "outs,b\n", "a,b\n\x00,2\n"]
)
def test_text_that_looks_like_another_kind_is_text(tmp_path: Path, text: str) -> None:
    """Names in brackets, as SQL Server writes them, and words that begin as other files do."""
    assert other_kind(tmp_path / "t.csv", text.encode(), text) is None
