"""Strict, frozen models of `project.yaml` and of the design cards."""

from slipway.settings.card import Card
from slipway.settings.data import Data, Size
from slipway.settings.line import Line
from slipway.settings.load import load_card, load_project, read
from slipway.settings.project import ProjectSettings
from slipway.tasks.columns import Column, Columns

__all__ = [
    "Card",
    "Column",
    "Columns",
    "Data",
    "Line",
    "ProjectSettings",
    "Size",
    "load_card",
    "load_project",
    "read",
]
