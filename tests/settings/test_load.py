"""Reading YAML: what is no settings file at all is told as plainly as a wrong value."""

from pathlib import Path

import pytest

from slipway.settings import Card
from tests.settings.conftest import complaint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: 1\na: 2\n", "not valid YAML: line 1: the key 'a' stands twice"),
        (b"problem:\n  task: a\n  task: b\n", "not valid YAML: line 2: the key 'task' stands twice"),
        (b"a: [1", "not valid YAML: line 1: expected ',' or ']', but got '<stream end>'"),
        (b"a: !!python/object:os.system x", "not valid YAML: line 1: could not determine a constructor"),
        (b"\xff\xfe", "not UTF-8 text (byte 0)"),
        (b"a: \x00", "not valid YAML: unacceptable character"),
        (b"", "(top level): should have the keys schema_version, name,"),
        (b"- 1\n", "(top level): should have the keys schema_version, name,"),
    ],
)
def test_what_is_not_a_settings_file_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    """With the line, where there is one."""
    path = tmp_path / "system.yaml"
    path.write_bytes(content)
    assert complaint(path, Card).startswith(said)


def test_an_absent_file_is_told(tmp_path: Path) -> None:
    """Instead of a traceback."""
    assert complaint(tmp_path / "system.yaml", Card) == "no such file"


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    """In the system's own words."""
    assert complaint(tmp_path, Card) == "Is a directory"
