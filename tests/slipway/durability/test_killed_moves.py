"""A move of production that is killed with SIGKILL before any of its lines is finished or dropped."""

from typing import Any

import pytest

from tests.slipway.durability.conftest import SCENES, Yard

PROTOCOL = ",".join(f"slipway/rollout/promotion.py:Promoter.{name}" for name in ("_settle", "_move", "move"))
AROUND = ",".join(
    [
        PROTOCOL,
        "slipway/registry/turns/local.py:*",
        "slipway/rollout/promotion.py:Promoter._recover",
        "slipway/registry/versions.py:Registry.point",
        "slipway/registry/versions.py:Registry.bar",
        "slipway/registry/versions.py:Registry.keep",
        "slipway/base/atomic.py:*",
        "tests/slipway/durability/scenes.py:FileTarget.*",
    ]
)
RECOVERY = f"{PROTOCOL},slipway/rollout/promotion.py:Promoter._recover"
MOVES = {"first": ("nothing", 1, None), "promote": ("one", 2, 1), "rollback": ("two", 1, 2)}
"""What is live before, the version that is moved to, and the one that it replaces."""


def undisturbed(yard: Yard, decision: str, functions: str) -> tuple[list[str], dict[str, Any]]:
    """The lines of a move that nobody kills, and the state in which it ends."""
    before, *versions = MOVES[decision]
    yard.set_back(before)
    ended = yard.forks.run(yard.root, f"{SCENES}:move", decision, *versions, functions=functions)
    assert ended.code == 0, ended.answer
    return list(ended.lines), yard.forks.done(yard.root, f"{SCENES}:look")


def once_each(lines: list[str]) -> list[int]:
    """The counts at which each line is run for the first time."""
    return sorted({line: at for at, line in reversed(list(enumerate(lines, 1)))}.values())


def killed_everywhere(yard: Yard, decision: str, functions: str) -> set[str]:
    """Kill a move before each of its lines and run again each time; returns what the runs after it said."""
    before, *versions = MOVES[decision]
    lines, end = undisturbed(yard, decision, functions)
    said = set()
    for at in once_each(lines):
        yard.set_back(before)
        killed = yard.forks.run(yard.root, f"{SCENES}:move", decision, *versions, functions=functions, at=at)
        assert killed.killed, (lines[at - 1], killed.answer)
        after = yard.forks.done(yard.root, f"{SCENES}:again", decision, *versions)
        assert after["end"] == end, lines[at - 1]
        said.add(after["said"])
    return said


def both(decision: str, version: int) -> set[str | None]:
    """What is said of a kill before there was an intent, before the shift and after it."""
    begun = f"a {decision} of version {version} had"
    return {None, f"{begun} not moved traffic and was dropped", f"{begun} moved traffic and was finished"}


@pytest.mark.long
def test_a_promotion_killed_at_any_line_of_the_protocol(yard: Yard) -> None:
    """The run after it comes to the end that an undisturbed one has: aliases, traffic, records."""
    assert killed_everywhere(yard, "promote", PROTOCOL) == both("promote", 2)


@pytest.mark.deep
@pytest.mark.parametrize(
    ("decision", "functions"), [("first", PROTOCOL), ("promote", AROUND), ("rollback", AROUND)]
)
def test_a_move_killed_at_any_line_that_it_calls(yard: Yard, decision: str, functions: str) -> None:
    """In the registry, the target and the files, too."""
    assert killed_everywhere(yard, decision, functions) == both(decision, MOVES[decision][1])


@pytest.mark.deep
@pytest.mark.parametrize("decision", ["promote", "rollback"])
def test_a_recovery_may_be_killed_too(yard: Yard, decision: str) -> None:
    """What finishes a move can itself be finished."""
    before, *versions = MOVES[decision]
    lines, end = undisturbed(yard, decision, PROTOCOL)
    shifted = next(at for at, line in enumerate(lines, 1) if "_settle" in line)
    yard.set_back(before)
    move = f"{SCENES}:move"
    assert yard.forks.run(yard.root, move, decision, *versions, functions=PROTOCOL, at=shifted).killed
    yard.keep(f"half {decision}")
    steps = yard.forks.run(yard.root, f"{SCENES}:recover", functions=RECOVERY)
    for at in once_each(list(steps.lines)):
        yard.set_back(f"half {decision}")
        assert yard.forks.run(yard.root, f"{SCENES}:recover", functions=RECOVERY, at=at).killed
        assert yard.forks.done(yard.root, f"{SCENES}:again", decision, *versions)["end"] == end
