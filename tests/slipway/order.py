"""The order in which several processes take files of tests: longest first, so none is left with one alone."""

FIRST = (
    "tests/template/test_own_checks.py",
    "tests/slipway/chain/test_demo.py",
    "tests/slipway/chain/test_reference.py",
    "tests/slipway/chain/test_talkingdata.py",
    "tests/slipway/team/test_one_truth.py",
    "tests/slipway/durability/test_killed_stages.py",
    "tests/slipway/runbook/test_runbook.py",
    "tests/slipway/starter/test_tutorial.py",
    "tests/template/test_wheel.py",
    "tests/template/test_own_files.py",
    "tests/slipway/team/test_promoted.py",
    "tests/slipway/durability/test_races.py",
    "tests/slipway/durability/test_killed_training.py",
    "tests/slipway/durability/test_killed_moves.py",
    "tests/slipway/rollout/targets/test_contract.py",
    "tests/slipway/release/test_built_image.py",
)
"""All others follow as they are collected; what takes less than half a minute need not be here."""


def rank(node: str) -> int:
    """The place of a test's file among those that go first."""
    file = node.partition("::")[0]
    return FIRST.index(file) if file in FIRST else len(FIRST)
