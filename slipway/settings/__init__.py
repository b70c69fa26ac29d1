"""Strict, frozen models of `project.yaml` and of the design cards."""

from slipway.settings.card import Card
from slipway.settings.data import Column, Data, Size
from slipway.settings.load import load_card, load_project, read
from slipway.settings.project import ProjectSettings

__all__ = ["Card", "Column", "Data", "ProjectSettings", "Size", "load_card", "load_project", "read"]
