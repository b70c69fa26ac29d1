"""What people see on a terminal, whoever wrote it."""

import io
import re
import subprocess
import sys

import pytest

from slipway.cli import _tell, inspect
from slipway.cli.console import PlainConsole
from tests.slipway.report import sample

MARKUP = "[red]r[/red] [/] [link=http://a]l[/link] :smile: \\ "
HOSTILE = MARKUP + "\x1b[2J\x1b]0;title\x07 a\rb \x9b1m \u202eback \ud800"
SHOWN = MARKUP + "\\x1b[2J\\x1b]0;title\\x07 a\\rb \\x9b1m \\u202eback \\ud800"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> PlainConsole:
    """A wide terminal in place of standard output."""
    console = PlainConsole(file=io.StringIO(), force_terminal=True, width=500)
    for place in (inspect, sys.modules["slipway.cli"]):
        monkeypatch.setattr(place, "out", console)
        monkeypatch.setattr(place, "err", console)
    return console


def said(console: PlainConsole) -> str:
    """What was written to it, rich's own styles apart."""
    return re.sub("\x1b\\[[0-9;]*m", "", console.file.getvalue())  # type: ignore[attr-defined]


def test_a_reason_in_the_history_is_text(terminal: PlainConsole) -> None:
    """Neither rich's markup nor the terminal's own is obeyed."""
    record = sample.record(reason=HOSTILE, data_fingerprint="[b]\x1b[0")
    inspect._print_decisions([record], as_json=False)

    assert SHOWN in said(terminal)
    assert "[b]\\x1b[0" in said(terminal)
    assert "\x1b" not in said(terminal)


def test_an_error_is_text(terminal: PlainConsole) -> None:
    """It quotes what it found."""
    _tell(ValueError(), HOSTILE)

    assert said(terminal) == f"ValueError: {SHOWN}\n"


def test_lines_and_tabs_stay(terminal: PlainConsole) -> None:
    """As does any script that is not turned round."""
    terminal.print("a\n\tb é 漢", markup=False)

    assert said(terminal) == "a\n        b é 漢\n"


def test_json_is_told_at_once() -> None:
    """Whoever reads it from a pipe waits for it while the command still runs."""
    script = "import os; from slipway.cli.console import print_json; print_json('{}'); os._exit(0)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "{}\n"
