"""The decisions between DVC, Great Expectations, Kubeflow, MLflow, BentoML and KServe."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipway.registry.load import load as load

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`slipway.load`, once it is asked for: a version's own code has no registry, and waits for none."""
    if name != "load":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from slipway.registry.load import load

    return load
