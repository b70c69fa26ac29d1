"""Who ran this: what the operating system says, and what is only claimed."""

import pytest

from slipway.base import provenance


def test_no_variable_changes_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own way to ask looks at four of them first."""
    before = provenance.who()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")

    assert provenance.who() == before
    assert "somebody-else" not in before


@pytest.mark.parametrize("name", ["ann@example.org", ""])
def test_whom_git_names_is_a_claim(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Anybody may write it into a file; without one nothing is claimed."""
    monkeypatch.setattr(provenance, "git", lambda *_: name or None)

    assert provenance.who().endswith(", claims to be ann@example.org") is bool(name)
