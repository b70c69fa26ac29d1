"""Gradient boosting (LightGBM), saved in its own text format."""

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from slipway.models.interface import Params
from slipway.settings.model import BoostingParams
from slipway.system import Inputs

MODEL_FILE = "model.txt"


class Boosting:
    """Trees over the numbers and the category codes."""

    def __init__(self, booster: Any) -> None:
        self.booster = booster

    @classmethod
    def fit(
        cls,
        train: Inputs,
        labels: NDArray[np.int8],
        validation: Inputs,
        validation_labels: NDArray[np.int8],
        params: Params,
        seed: int,
    ) -> Self:
        """Boost until the validation log loss has not improved for 20 rounds."""
        import lightgbm

        chosen = BoostingParams.model_validate(params)
        settings = {
            "objective": "binary",
            "metric": "binary_logloss",
            "deterministic": True,
            "force_row_wise": True,
            "seed": seed,
            "verbosity": -1,
        } | chosen.model_dump(exclude={"rounds"})
        first_code = len(train.numeric_names)
        data = lightgbm.Dataset(
            _matrix(train),
            label=labels,
            categorical_feature=list(range(first_code, first_code + len(train.code_names))),
        )
        booster = lightgbm.train(
            settings,
            data,
            num_boost_round=chosen.rounds,
            valid_sets=[lightgbm.Dataset(_matrix(validation), label=validation_labels, reference=data)],
            callbacks=[lightgbm.early_stopping(20, verbose=False)],
        )
        return cls(booster)

    def scores(self, inputs: Inputs) -> NDArray[np.float64]:
        """Probabilities; one thread, for a request has few rows and the server many requests."""
        return np.asarray(self.booster.predict(_matrix(inputs), num_threads=1), dtype=np.float64)

    def save(self, folder: Path) -> None:
        """One text file, cut at the best round."""
        self.booster.save_model(str(folder / MODEL_FILE), num_iteration=self.booster.best_iteration)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the text file."""
        import lightgbm

        return cls(lightgbm.Booster(model_file=str(folder / MODEL_FILE)))


def _matrix(inputs: Inputs) -> NDArray[np.float64]:
    return np.concatenate([inputs.numeric, inputs.codes], axis=1, dtype=np.float64)
