"""What a user writes and what Kubeflow reads stay apart from what lies behind them."""

import ast

from tests.repo.imports import crossings, imported
from tests.repo.root import files

SOURCES = [name for name in files() if name.endswith(".py")]


def test_imports_are_seen_in_every_form() -> None:
    """The tests below can bite: what a file does import is found."""
    assert "systems.one.features" in imported(ast.parse("from . import features"), "systems/one/__init__.py")
    assert "kfp.dsl" in imported(ast.parse("def f():\n    from kfp import dsl"), "pipelines/training.py")


def test_systems_import_the_interface_only() -> None:
    """So that your folder survives every change behind it."""
    systems = [name for name in SOURCES if name.startswith("systems/")]
    wide = [
        line
        for line in crossings(systems, "slipway")
        if not (line + ".").split(": ")[1].startswith("slipway.system.")
    ]
    assert wide == []


def test_pipelines_are_a_table_of_contents() -> None:
    """They know components and kfp, not what a stage does."""
    pipelines = [name for name in SOURCES if name.startswith("pipelines/")]
    assert crossings(pipelines, "slipway", "systems") == []
