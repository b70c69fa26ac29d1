"""The exit codes of docs/exit-codes.md, each command run as it stands there."""

import re
import shlex
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from slipway import cli
from slipway.base.errors import Inconclusive, Refused, SlipwayError, UsageError
from slipway.cli import console, inspect
from tests.slipway.root import ROOT

TABLE = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([^|`]+) \| `slipway ([^`]+)` \| (\d) \|$", TABLE, re.MULTILINE)
MEANINGS = dict(re.findall(r"^\| (\d) \| (.+) \|$", TABLE, re.MULTILINE))


@pytest.mark.parametrize(("what", "command", "code"), ROWS, ids=[row[1] for row in ROWS])
def test_a_command_ends_as_its_row_says(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    what: str,
    command: str,
    code: str,
) -> None:
    """And it says why."""
    monkeypatch.chdir(root)
    monkeypatch.setattr(console.out, "_file", None)  # `main` leaves it at a file that pytest closes
    monkeypatch.setattr(sys, "argv", ["slipway", *shlex.split(command)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err

    assert (ended.value.code or 0) == int(code), f"{what}: {said}"
    assert "Traceback" not in said
    assert (said != "") is (code != "0")


def test_every_command_has_a_row() -> None:
    """What it ends with where it can do nothing is known before anybody writes a script around it."""
    assert {command.split()[0] for _, command, _ in ROWS} == set(get_command(cli.app).commands)  # type: ignore[attr-defined]


def test_one_kind_of_answer_has_one_code() -> None:
    """Whichever command gives it; and the table has no other codes than the errors."""
    kinds = {what: {code for same, _, code in ROWS if same == what} for what, _, _ in ROWS}
    assert {what: codes for what, codes in kinds.items() if len(codes) > 1} == {}
    assert len(ROWS) > 20
    own = {str(kind.exit_code) for kind in (SlipwayError, UsageError, Refused, Inconclusive)}
    assert set(MEANINGS) == {"0", *own}


def test_the_readme_says_the_same() -> None:
    """It has the codes as well, for who reads no further."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| (\d) \| (.+) \|$", readme, re.MULTILINE))
    assert {code: said.split(":")[0].split(";")[0] for code, said in shown.items()} == {
        code: said.split(":")[0].split(";")[0] for code, said in MEANINGS.items()
    }


@pytest.mark.gate(
    "report.none",
    fed="`slipway report` where nothing was decided, or by the last run, which there is not",
    stops="record",
    exit=3,
    reason="no decision yet; begin with `slipway demo`",
    untouched="nothing copied",
)
@pytest.mark.parametrize(
    ("log", "asked", "said"),
    [
        (None, False, "no decision yet"),
        (None, True, "no run has begun"),
        ("20260102-030406-000000.log", True, "run 20260102-030406-000000 took no decision"),
    ],
)
def test_no_decision_has_no_report(
    own: Path, monkeypatch: pytest.MonkeyPatch, log: str | None, asked: bool, said: str
) -> None:
    """There is nothing yet, as where nothing is live."""
    monkeypatch.chdir(own)
    if log is not None:
        (own / ".slipway" / "runs").mkdir(parents=True)
        (own / ".slipway" / "runs" / log).touch()
    with pytest.raises(Refused, match=said):
        inspect.report(ran_here=asked, size="small", to=own / "copied.html")
    assert not (own / "copied.html").exists()


@pytest.mark.gate(
    "report.record",
    fed="`slipway report --record` of an id that no decision has",
    stops="record",
    exit=2,
    reason="no decision ID; `slipway history` lists them",
    untouched="nothing copied",
)
def test_an_unknown_decision_has_no_report(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong id is a wrong command line, as a wrong number of a version is."""
    monkeypatch.chdir(root)
    with pytest.raises(UsageError, match="no decision 9; `slipway history` lists them"):
        inspect.report(record="9", to=root / "copied.html")
    assert not (root / "copied.html").exists()
