"""A version as something that predicts: raw rows in, the answers of its service out."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from slipway.base.errors import SlipwayError
from slipway.settings import Card, Column
from slipway.version.manifest import CARD, CODE
from slipway.version.process import VersionProcess
from slipway.version.proven import Proven

if TYPE_CHECKING:
    import pandas as pd

MODULE = "slipway.serving.batch"
DATATYPES = {"integer": "INT64", "number": "FP64", "string": "BYTES", "timestamp": "BYTES"}


class Predictor:
    """A version in a process of its own, by the code that it carries: it cleans, scores and ranks as served.

    Rows with equal request ids are ranked together, and all rows where there is no id, as in the service.
    A context manager; without `with` its process ends with this object.
    """

    def __init__(self, version: Proven, keeps: object = None) -> None:
        """Start it.

        Args:
            keeps: what has to live as long, such as a temporary folder.

        Raises:
            SlipwayError: its files are not those of its digest, or it is from before there were predictors.
        """
        self.keeps, self.process = keeps, VersionProcess(version, module=MODULE)
        if f"{CODE}/{MODULE.replace('.', '/')}.py" not in version.verified().files:
            raise SlipwayError(
                f"{version.folder}: its code is from before a version answered tables; train anew, or "
                "`slipway serve` it and ask over HTTP"
            )
        self.process.__enter__()
        self.card = Card.model_validate_json((version.folder / CARD).read_text(encoding="utf-8"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "card"):  # else it never began
            self.close()

    def close(self) -> None:
        """End the process."""
        self.process.__exit__()

    def predict(self, rows: "pd.DataFrame | Mapping[str, Any]") -> "pd.DataFrame":
        """The answers to rows as a client would send them: raw, a column each, in any order.

        Returns:
            A row for each: `score`, or `score.CLASS` of each class; `rank` likewise where the task ranks, 1
            is the best; `fallback`, whether something of the row was never seen in training.

        Raises:
            SlipwayError: the service would refuse these rows, and says why.
        """
        import pandas as pd

        frame = pd.DataFrame(rows)
        if not len(frame):
            return pd.DataFrame(columns=self.outputs)
        with tempfile.TemporaryDirectory() as temporary:
            body, out = Path(temporary) / "body.json", Path(temporary) / "answer.json"
            try:
                body.write_text(json.dumps({"inputs": self._tensors(frame)}, allow_nan=False))
            except (TypeError, ValueError) as error:
                raise SlipwayError(f"{self.card.name}: a value that JSON does not have: {error}") from error
            if (refused := self.process.infer(body, out)) is not None:
                raise SlipwayError(f"{self.card.name}: {refused}")
            answer = json.loads(out.read_bytes())
        found: dict[str, Any] = {}
        for tensor in answer["outputs"]:
            names, values = self._names(tensor["name"]), tensor["data"]
            # Row by row, as many to a row as there are names.
            found |= {name: values[place :: len(names)] for place, name in enumerate(names)}
        return pd.DataFrame(found, index=frame.index)

    @property
    def outputs(self) -> list[str]:
        """The columns of an answer."""
        return outputs(self.card)

    def _names(self, output: str) -> list[str]:
        return [name for name in self.outputs if name.partition(".")[0] == output]

    def _tensors(self, frame: "pd.DataFrame") -> list[dict[str, Any]]:
        columns = self.card.data.columns
        return [_tensor(str(name), columns.get(str(name)), frame[name]) for name in frame.columns]


def outputs(card: Card) -> list[str]:
    """The columns that the answers of a version have."""
    ends = [f".{name}" for name in card.task.classes] or [""]
    named = ["score", "rank"] if card.task.ranks else ["score"]
    return [f"{name}{end}" for name in named for end in ends] + ["fallback"]


def _tensor(name: str, column: Column | None, values: "pd.Series") -> dict[str, Any]:
    if column is None:
        # Ignored, or refused by its name where it was meant for a column; its values are no matter.
        return {"name": name, "datatype": "BYTES", "shape": [0], "data": []}
    data = [None if missing else _plain(value) for value, missing in zip(values, values.isna(), strict=True)]
    numbers = column.type == "timestamp" and all(isinstance(one, int | float | None) for one in data)
    datatype = "FP64" if numbers and data != [None] * len(data) else DATATYPES[column.type]
    return {"name": name, "datatype": datatype, "shape": [len(data)], "data": data}


def _plain(value: Any) -> Any:
    """A value of pandas as JSON has it; what is none stays, and is refused."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value
