"""docs/runbook.md runs: each incident is made, and its drill ends in a state that is known to be good."""

import re
import shutil

import pytest

from slipway.release.bento import bento_path
from slipway.rollout.target import TrafficState
from tests.slipway.cli.conftest import slipway
from tests.slipway.runbook.drills import DOCUMENT, Shell, drills, require_printed
from tests.slipway.runbook.incidents import INCIDENTS
from tests.slipway.stages.packaged import Packaged

DRILLS = drills()
QUICKEST = ("A bad model is live", "A move was killed half-way", "Somebody moved an alias by hand")
"""Drills that `make test-full` runs."""
TEXT = DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.parametrize(
    "title",
    [pytest.param(one, marks=() if one in QUICKEST else pytest.mark.deep) for one in DRILLS],
)
def test_a_drill_runs_as_it_stands(title: str, place: Packaged, shell: Shell) -> None:
    """Its commands end with the codes that stand there, and print the lines that stand there."""
    with INCIDENTS[title](place, shell) as said:
        shell.run(DRILLS[title], said)


def test_every_drill_has_its_incident() -> None:
    """And every incident its drill, its line in the table, and its seconds."""
    told = re.findall(r"^\| \[(.+)\]\(#(.+)\) \| \d+ \|$", TEXT, re.MULTILINE)
    assert [title for title, _ in told] == list(DRILLS) == list(INCIDENTS)
    assert [anchor for _, anchor in told] == [title.lower().replace(" ", "-") for title in DRILLS]


@pytest.mark.parametrize("title", DRILLS)
def test_a_drill_ends_well_and_says_what_never_to_do(title: str) -> None:
    """The last command asks whether aliases, traffic and servers agree, and has to end with 0."""
    commands = [one for step in DRILLS[title].steps for one in step.commands]
    assert (commands[-1].line, commands[-1].code) == ("slipway status --check", 0)
    assert re.search(r"^Never ", DRILLS[title].text, re.MULTILINE)
    assert not [one for one in commands if re.search(r"\brm\b|reset|--hard|--force", one.line)]


@pytest.mark.deep
def test_traffic_that_is_lost_is_sent_again(place: Packaged, shell: Shell) -> None:
    """To the version that the records have in production, whose Bento is built where it is gone as well."""
    place.line.traffic.unlink()
    shutil.rmtree(bento_path(place.line.project, place.bentos[2]))
    recovered = slipway(place.root, "recover")

    assert "ad_click-small: production traffic goes to version 2 again" in recovered.stdout
    assert place.traffic() == TrafficState(stable=place.deployed(2))
    assert slipway(place.root, "status", "--check").returncode == 0


def test_a_line_that_is_not_printed_fails() -> None:
    """Also where it is printed too early: the parser itself would let anything pass else."""
    require_printed(("one", "t…o"), "a one\nb\nt w o")
    for expected in (("two",), ("b", "one"), ("one", "one")):
        with pytest.raises(AssertionError, match="not printed"):
            require_printed(expected, "one\nb")
