"""The interface that systems implement, and all of slipway that a system may import."""

from slipway.models.inputs import Field, Inputs
from slipway.settings import Card, Column
from slipway.system import tabular
from slipway.system.examples import Examples, read_examples
from slipway.system.hashing import bucket, cross, stable_hash
from slipway.system.interface import FeatureState, System
from slipway.system.load import load_system

__all__ = [
    "Card",
    "Column",
    "Examples",
    "FeatureState",
    "Field",
    "Inputs",
    "System",
    "bucket",
    "cross",
    "load_system",
    "read_examples",
    "stable_hash",
    "tabular",
]
