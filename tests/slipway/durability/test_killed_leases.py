"""A move by a lease that is killed before any of its lines, the lease's too: it is finished or dropped."""

import json

import pytest

from tests.slipway.durability.conftest import SCENES, Yard
from tests.slipway.durability.test_killed_moves import MOVES, PROTOCOL, both

LEASE = "slipway/registry/turns/shared.py:*"
HERE = {"store": "sqlite:///leases.db", "beat_s": 1000, "lapse_s": 0.2}
"""Whoever was killed is found dead at once; nobody counts meanwhile, so that lines come in one order."""
MOST = 8
"""Kills in the lease's own lines, spread over all that run."""


def begin(yard: Yard, before: str) -> None:
    """Set the registry back, and have a lease."""
    yard.set_back(before)
    (yard.root / "lease.json").write_text(json.dumps(HERE))


@pytest.mark.deep
def test_a_move_by_a_lease_may_be_killed(yard: Yard) -> None:
    """Aliases, traffic and records end as those of a move that nobody kills."""
    decision = "promote"
    before, *versions = MOVES[decision]
    functions, move, said = f"{PROTOCOL},{LEASE}", f"{SCENES}:move", set()
    begin(yard, before)
    whole = yard.forks.run(yard.root, move, decision, *versions, functions=functions)
    assert whole.code == 0, whole.answer
    end = yard.forks.done(yard.root, f"{SCENES}:look")
    assert not end["unfinished"]
    moving = {at for at in whole.first if ":Promoter._" in whole.lines[at - 1]}
    for at in sorted(moving | {*whole.spread(MOST)}):
        begin(yard, before)
        killed = yard.forks.run(yard.root, move, decision, *versions, functions=functions, at=at)
        assert killed.killed, (whole.lines[at - 1], killed.answer)
        after = yard.forks.done(yard.root, f"{SCENES}:again", decision, *versions)
        assert after["end"] == end, whole.lines[at - 1]
        said.add(after["said"])
    assert said == both(decision, versions[0])
    yard.set_back(before)
