"""A version as users of MLflow look for one: signature, example and loader, around its own files."""

from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from slipway.base.digest import sha256
from slipway.registry.predictor import outputs
from slipway.settings import Card, Column
from slipway.version.manifest import CARD, MANIFEST

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

LOADER = "slipway.registry.pyfunc"
"""Of the installed package: code of a version runs only once its files were held against their digests."""
INSIDE = "data/version"
"""Where MLflow lays the version, below its own files."""


def write_mlmodel(version: Path, out: Path) -> None:
    """Write what MLflow loads, with a copy of a version inside as it is.

    Args:
        version: a whole one.
        out: the folder to make.
    """
    import mlflow.pyfunc
    import pandas as pd

    card = Card.model_validate_json((version / CARD).read_text(encoding="utf-8"))
    with TemporaryDirectory() as temporary:
        # MLflow calls the copy as the folder is called.
        named = Path(temporary) / PurePosixPath(INSIDE).name
        named.symlink_to(version.resolve())
        mlflow.pyfunc.save_model(
            str(out),
            loader_module=LOADER,
            data_path=str(named),
            signature=signature(card),
            input_example=pd.DataFrame(example(card)),
            # Its packages are those of the lock that it carries; to guess others would take ten seconds.
            pip_requirements=[],
            metadata={
                "slipway.digest": sha256(version / MANIFEST),
                "slipway.columns": {name: column.type for name, column in asked_for(card).items()},
            },
        )


def inside(folder: Path) -> Path:
    """The version in what the registry holds of one; those of before had nothing around them."""
    return folder / INSIDE if (folder / INSIDE).is_dir() else folder


def signature(card: Card) -> "ModelSignature":
    """The columns of a request and those of an answer, in MLflow's types.

    A type is said where MLflow then refuses and changes nothing that the service takes: of texts. In a column
    of decimal numbers it refuses whole ones, of whole ones 3.0, and makes "0.1" a number; `02.01.2026` it
    reads as of February. The metadata says what each column is.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, Schema

    asked = [
        ColSpec("string" if column.type == "string" else AnyType(), name, not column.optional)
        for name, column in asked_for(card).items()
    ]
    answer = {"score": "double", "rank": "integer", "fallback": "boolean"}
    given = [ColSpec(answer[name.partition(".")[0]], name) for name in outputs(card)]
    return ModelSignature(Schema(asked), Schema(given))


def example(card: Card) -> dict[str, list[Any]]:
    """Two rows that a client may send, made of the card alone: a version shows nobody's own row."""
    return {name: _values(column) for name, column in asked_for(card).items()}


def asked_for(card: Card) -> dict[str, Column]:
    """The columns that a client may send."""
    return {name: card.data.columns[name] for name in card.data.inputs if not card.data.columns[name].made}


def _values(column: Column) -> list[Any]:
    if column.type == "timestamp":
        return ["2026-01-31T12:00:00", "2026-01-31T12:00:01"]
    if column.type == "string":
        values = column.values or ["a", "b"]
        return [values[0], values[-1]]
    least = 1 if column.min is None else column.min
    most = least + 1 if column.max is None else column.max
    return [int(one) if column.type == "integer" else float(one) for one in (least, most)]
