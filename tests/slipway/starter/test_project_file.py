"""One more system in `project.yaml`."""

import pytest

from slipway.starter.project_file import with_system


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("systems: [] # none\nname: a\n", "systems: [new] # none\nname: a\n"),
        ("systems: [one]\n", "systems: [one, new]\n"),
        ("systems: [\n  one, # first\n]\n", "systems: [\n  one, new, # first\n]\n"),
        ("systems:\n  - one # first\n\nname: a\n", "systems:\n  - one # first\n  - new\n\nname: a\n"),
        ("systems:\n- one\n- 'two'", "systems:\n- one\n- 'two'\n- new"),
        ("# systems: [x]\nsystems: [one]\n", "# systems: [x]\nsystems: [one, new]\n"),
    ],
)
def test_it_stands_at_the_end_of_the_list(before: str, after: str) -> None:
    """In flow or block style; every comment stays where it was."""
    assert with_system(before, "new") == after
