"""Copies of records of a server: whole, or not there."""

from pathlib import Path

import pytest

from slipway.records.kept import Kept
from slipway.registry.copies import Copies

RECORDS = [Kept("run1", "001-r", '{"reason": "ä"}'.encode(), b"{}"), Kept("run1", "002-r", b"{}", b"{}")]


def test_a_copy_is_read_back(tmp_path: Path) -> None:
    """By another process; a run of which there is none has to be asked for."""
    Copies(tmp_path).keep("run1", RECORDS)

    assert Copies(tmp_path).of("run1") == RECORDS
    assert Copies(tmp_path).of("run") is None


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'[{"id": "001-r"}]'])
def test_a_copy_that_was_changed_is_none(tmp_path: Path, content: bytes) -> None:
    """Or that was cut off: the server is asked again, and then it is whole."""
    copies = Copies(tmp_path)
    copies.keep("run1", RECORDS)
    [path] = tmp_path.iterdir()
    path.write_bytes(content)

    assert Copies(tmp_path).of("run1") is None
    again = Copies(tmp_path)
    again.drop("run1")
    again.keep("run1", RECORDS)
    assert Copies(tmp_path).of("run1") == RECORDS


def test_what_holds_no_more_is_forgotten(tmp_path: Path) -> None:
    """And of a run there is one copy."""
    copies = Copies(tmp_path)
    copies.keep("run1", RECORDS[:1])
    copies.keep("run1", RECORDS)
    assert len(list(tmp_path.iterdir())) == 1
    copies.drop("run1")
    assert (copies.of("run1"), list(tmp_path.iterdir())) == (None, [])
