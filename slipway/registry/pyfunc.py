"""What MLflow calls to load a version: `mlflow.pyfunc.load_model("models:/NAME@production")`.

MLflow takes the name of this module from a file that lies in the registry. Whoever can write there can have
it call another. Where that is to be feared, `slipway.load` is the way: it asks first who signed the version.
"""

from pathlib import Path

from slipway.registry.predictor import Predictor
from slipway.version.proven import whole


def _load_pyfunc(path: str) -> Predictor:
    """The version in a folder; every file is held against its manifest before anything of it runs.

    Raises:
        SlipwayError: a file is missing, was added or changed.
    """
    return Predictor(whole(Path(path)))
