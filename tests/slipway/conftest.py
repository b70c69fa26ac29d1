"""What the tests of the library have beside those of a project."""

import pytest

GATE = "gate(name, fed, stops, exit, reason, untouched, guard): a gate bites; a row of docs/gates.md"


def pytest_configure(config: pytest.Config) -> None:
    """Markers are strict, so that one with a typing error proves nothing."""
    config.addinivalue_line("markers", GATE)
