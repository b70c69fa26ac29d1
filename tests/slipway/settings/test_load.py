"""Reading YAML: what is no settings file at all is told as plainly as a wrong value."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import pytest
import yaml

from slipway.settings import Card
from slipway.settings.load import _Exact, _parsed
from tests.slipway.root import ROOT
from tests.slipway.settings.conftest import complaint

SPOILING = (*":-[]{}#&*!|>'\"%@`,? \t\n~=<", "\n  ", "- ", "!!int ", "<<: *a", "&a ", "---\n", "\u2028", "")

LAUGHS = b"a0: &a0 [1]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 12)
)
"""Each line holds the one before nine times, which is 31 thousand million values in the end."""


YAML = pytest.mark.gate(
    "settings.yaml",
    fed="a settings file that is absent, a folder, no YAML, no UTF-8, nested 100,000 deep, with a key twice, "
    "with a date or number that is none, infinite or not a number, or with an alias that repeats itself",
    stops="settings",
    exit=2,
    reason="the file, the line or key, and what is wrong there",
    untouched="no settings made of it",
)


@YAML
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
        (b"[" * 100_000, "nested too deeply"),
        (b"a: 2026-13-45", "not valid YAML: line 1: no timestamp: month must be in 1..12"),
        (b"a: !!int x", "not valid YAML: line 1: no int: invalid literal"),
        (b"a: !!bool x", "not valid YAML: line 1: no bool: 'x'"),
        (b"a: !!timestamp x", "not valid YAML: line 1: no timestamp: "),
        (b"a: " + b"9" * 5000, "not valid YAML: line 1: no int: Exceeds the limit"),
        (b"? [a, b]\n: 1\n", "not valid YAML: line 1: found unhashable key"),
        (b"a: &it [*it]\n", "more than 100000 values; does an alias repeat itself?"),
        (LAUGHS, "more than 100000 values; does an alias repeat itself?"),
        (b"a: {b: [1, .inf]}", "a.b.1: should be a number of at most 2**53, found inf"),
        (b"a: .nan", "a: should be a number of at most 2**53, found nan"),
        (b"a: -9007199254740993", "a: should be a number of at most 2**53, found -9007199254740993"),
        (b"a: " + b"9" * 400, f"a: should be a number of at most 2**53, found {'9' * 20}"),
        (b"!!map [a, b]", "not valid YAML: line 1: expected a mapping node, but found sequence"),
        (b"a: !!set [a]", "not valid YAML: line 1: expected a mapping node, but found sequence"),
        (
            b"schema_version: {2020-01-01: 1}",
            "schema_version: should be 1, found {datetime.date(2020, 1, 1): 1}",
        ),
        (b"<html><body>no such page</body></html>", "(top level): should have the keys"),
    ],
)
def test_what_is_not_a_settings_file_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    """With the line, where there is one."""
    path = tmp_path / "system.yaml"
    path.write_bytes(content)
    assert complaint(path, Card).startswith(said)


@YAML
def test_an_absent_file_is_told(tmp_path: Path) -> None:
    """Instead of a traceback."""
    assert complaint(tmp_path / "system.yaml", Card) == "no such file"


@YAML
def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    """In the system's own words."""
    assert complaint(tmp_path, Card) == "cannot be read: Is a directory"


def read(load: Callable[[str], object], text: str) -> object:
    """What it reads, or what it says is wrong."""
    try:
        return load(text)
    except yaml.YAMLError as error:
        return str(error)


def test_libyaml_reads_what_python_reads() -> None:
    """Of a card with a few characters changed; what either refuses is told in the same words."""
    text = (ROOT / "systems" / "ad_click" / "system.yaml").read_text(encoding="utf-8")
    random, texts = Random(1), [text]  # noqa: S311 - a test's
    for _ in range(200):
        begin, at = random.randrange(len(text)), random.randrange(100)
        part = text[begin : begin + 200]
        texts.append(part[:at] + random.choice(SPOILING) + part[at + random.randrange(2) :])

    exact = partial(yaml.load, Loader=_Exact)
    assert [read(_parsed, one) for one in texts] == [read(exact, one) for one in texts]
