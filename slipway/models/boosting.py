"""Gradient boosting (LightGBM), saved in its own text format and an archive of arrays.

Nothing is extrapolated. Trees split numbers inside their range in training, so one beyond it counts as its
nearest end; a value of a category that training never saw counts as a known one (`statistics.stand_in`). So a
score lies within what known values give, each input by itself; a category's value and how often it occurred
are two.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
import pydantic
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError
from slipway.base.strict import Count, Strict
from slipway.models import arrays, statistics
from slipway.models.inputs import Field, Inputs
from slipway.models.interface import BINARY, Kind, Labelled, Labels, Objective, Params
from slipway.models.lightgbm_text import checked

MODEL, MEANS, UNIT, OF, AS = "model.txt", "means.npz", "#unit", "of ", "as "
"""Two files; in the second, the name of one array, and what stands before a field's name in the others."""
Tables = dict[str, NDArray[np.float32]]
Codes = dict[str, NDArray[np.int32]]
LARGEST = 256
"""The most codes of a category that trees split by value: 255 known values, which LightGBM's bins hold by
default, and one code for all others."""
PATIENCE = 20
"""Rounds without a better validation metric, after which training ends."""
OBJECTIVES = {
    "binary": ("binary", "binary_logloss"),
    "squared": ("regression", "l2"),
    "absolute": ("regression_l1", "l1"),
    "classes": ("multiclass", "multi_logloss"),
}
"""LightGBM's objective and the metric that stops it."""
NotNegative = Annotated[float, pydantic.Field(ge=0)]
Fraction = Annotated[float, pydantic.Field(gt=0, le=1)]


class BoostingParams(Strict):
    """Of the boosting, by LightGBM's names; the defaults are LightGBM's but for `rounds` and threads."""

    rounds: Annotated[
        int, pydantic.Field(ge=1, le=100_000, description="at most; validation stops it earlier")
    ] = 400
    learning_rate: Fraction = 0.1
    num_leaves: Annotated[int, pydantic.Field(ge=2, le=131_072)] = 31
    max_depth: Annotated[int, pydantic.Field(ge=-1, description="-1 is no limit")] = -1
    max_bin: Annotated[int, pydantic.Field(ge=2, le=65_535)] = 255
    min_data_in_leaf: Annotated[int, pydantic.Field(ge=0)] = 20
    min_sum_hessian_in_leaf: NotNegative = 1e-3
    min_gain_to_split: NotNegative = 0.0
    feature_fraction: Fraction = 1.0
    bagging_fraction: Fraction = 1.0
    bagging_freq: Annotated[int, pydantic.Field(ge=0, description="0 is no bagging")] = 0
    lambda_l1: NotNegative = 0.0
    lambda_l2: NotNegative = 0.0
    cat_smooth: NotNegative = 10.0
    cat_l2: NotNegative = 10.0
    max_cat_threshold: Count = 32
    min_data_per_group: Count = 100
    prior_weight: Annotated[
        float,
        pydantic.Field(
            gt=0,
            description="rows that the overall mean counts for in the mean label of a value, where a "
            f"category has more than {LARGEST - 1}; not LightGBM's",
        ),
    ] = 50.0
    num_threads: Annotated[
        int,
        pydantic.Field(ge=1, le=256, description="on shared cores, threads that wait in turn take longer"),
    ] = 1


class Boosting:
    """Trees over the numbers, the codes of small categories and the mean labels of the others."""

    def __init__(self, booster: Any, means: Tables, codes: Codes, unit: NDArray[np.float64]) -> None:
        """Take what was learned.

        Args:
            booster: LightGBM's.
            means: by large field, float32 [cardinality + 1, outputs]; see `statistics.means`.
            codes: by small field, int32 [cardinality]; what each value counts as, itself where it is known.
            unit: float64 [2]; mean and scale of the labels, which trees learn in deviations.
        """
        self.booster = booster
        self.means = means
        self.codes = codes
        self.unit = unit

    @classmethod
    def fit(
        cls,
        train: Labelled,
        validation: Labelled,
        params: Params,
        seed: int,
        objective: Objective = BINARY,
    ) -> Self:
        """Boost until the objective has not improved on validation for 20 rounds.

        Numbers are learned in deviations from their mean: LightGBM's labels have 32 bits, and its penalties
        are in the labels' unit.
        """
        import lightgbm

        chosen = BoostingParams.model_validate(params)
        name, metric = OBJECTIVES[objective.name]
        settings = {
            "objective": name,
            "metric": metric,
            # Both together make LightGBM repeat its trees bit by bit on one machine.
            "deterministic": True,
            "force_row_wise": True,
            "seed": seed,
            "verbosity": -1,
        } | chosen.model_dump(exclude={"rounds", "prior_weight"})
        settings |= {"num_class": objective.classes} if objective.classes else {}
        unit = _unit(train.labels, objective)
        learned = replace(train, labels=_in_deviations(train.labels, unit))
        fields, first = train.inputs.fields, len(train.inputs.numeric_names)
        large = [field for field in fields if not _is_small(field)]
        small = len(fields) - len(large)
        weigh = objective, chosen.prior_weight
        tables = {field.name: statistics.means(field, learned.labels, *weigh) for field in fields}
        means = {field.name: tables[field.name] for field in large}
        codes = {field.name: _codes(field, tables[field.name]) for field in fields if _is_small(field)}
        data = lightgbm.Dataset(
            _matrix(train.inputs, [statistics.told_in_training(field, learned, *weigh) for field in large]),
            label=learned.labels,
            categorical_feature=list(range(first, first + small)),
        )
        booster = lightgbm.train(
            settings,
            data,
            num_boost_round=chosen.rounds,
            # Validation stands for requests, so it is told what they will be: means of all training rows.
            valid_sets=[
                lightgbm.Dataset(
                    _served(validation.inputs, means, codes),
                    label=_in_deviations(validation.labels, unit),
                    reference=data,
                )
            ],
            callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
        )
        return cls(booster, means, codes, unit)

    def scores(self, inputs: Inputs) -> NDArray[np.float64]:
        """Probabilities, or numbers in the unit of the labels, float64 [rows] or [rows, classes]."""
        # One thread, for a request has few rows and the server many requests.
        rows = _served(inputs, self.means, self.codes)
        if rows.shape[1] != self.booster.num_feature():
            trained = self.booster.num_feature()
            # guard model.fit
            raise SlipwayError(f"the model's trees split {trained} columns, the inputs have {rows.shape[1]}")
        found = self.booster.predict(rows, num_threads=1)
        mean, scale = self.unit
        return np.asarray(mean + scale * found, dtype=np.float64)

    def gains(self, inputs: Inputs) -> dict[str, float]:
        """By input, its share of the trees' gain; that of a large category is what its mean labels have."""
        found = self.booster.feature_importance("gain", iteration=self.booster.best_iteration or None)
        large = [field.name for field in inputs.fields if not _is_small(field)]
        names = [
            *inputs.numeric_names,
            *(field.name for field in inputs.fields if _is_small(field)),
            *(name for name in large for _ in range(self.means[name].shape[1])),
        ]
        total, shares = found.sum() or 1.0, dict.fromkeys(names, 0.0)
        # A column may be a number and a category, and the mean labels of many classes are several columns.
        for name, gain in zip(names, found.tolist(), strict=True):
            shares[name] += gain / total
        return shares

    def save(self, folder: Path) -> None:
        """The trees as text, cut at the best round, and the arrays."""
        self.booster.save_model(str(folder / MODEL), num_iteration=self.booster.best_iteration)
        # Each with a mark before its name: a column may be called as one of numpy's own arguments.
        means = {OF + name: table for name, table in self.means.items()}
        codes = {AS + name: values for name, values in self.codes.items()}
        np.savez_compressed(folder / MEANS, allow_pickle=False, **{UNIT: self.unit}, **means, **codes)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read both; a model from before codes were kept has none, and its scores stay what they are.

        Raises:
            SlipwayError: one is not what `save` writes.
        """
        import lightgbm

        path = folder / MEANS
        found = arrays.read_npz(path)
        unit = found.pop(UNIT, np.zeros(0))
        means = {name.removeprefix(OF): one for name, one in found.items() if name.startswith(OF)}
        codes = {name.removeprefix(AS): one for name, one in found.items() if name.startswith(AS)}
        arrays.require_that(path, len(means) + len(codes) == len(found), "has arrays of other names")
        arrays.require(path, UNIT, unit, np.float64, 2)
        arrays.require_that(path, bool(unit[1] > 0), f"{UNIT}: the scale is not above 0")
        for name, table in means.items():
            arrays.require(path, OF + name, table, np.float32, None, None)
        for name, known in codes.items():
            arrays.require(path, AS + name, known, np.int32, None)
            inside = len(known) <= LARGEST and bool(((known >= 0) & (known < len(known))).all())
            arrays.require_that(path, inside, f"{AS}{name}: a code beyond its {len(known)} values")
        # As a text and not by its path: LightGBM reads the very bytes that were checked.
        trees = checked(folder / MODEL, [name for name, _ in OBJECTIVES.values()])
        return cls(lightgbm.Booster(model_str=trees), means, codes, unit)


def _is_small(field: Field) -> bool:
    """Whether trees split it as a category."""
    return field.offsets is None and field.cardinality <= LARGEST


def _codes(field: Field, table: NDArray[np.float32]) -> NDArray[np.int32]:
    """What each value of a small field counts as, [cardinality]."""
    known = np.bincount(field.values, minlength=field.cardinality) > 0
    return np.where(known, np.arange(field.cardinality), statistics.stand_in(field, table)).astype(np.int32)


def _served(inputs: Inputs, means: Tables, codes: Codes) -> NDArray[np.float64]:
    _require_fit(inputs, means, codes)
    large = [field for field in inputs.fields if not _is_small(field)]
    told = [statistics.told(field, means[field.name]) for field in large]
    fields = tuple(
        replace(field, values=codes[field.name][field.values]) if field.name in codes else field
        for field in inputs.fields
    )
    return _matrix(replace(inputs, fields=fields), told)


def _require_fit(inputs: Inputs, means: Tables, codes: Codes) -> None:
    """Require that every value of every field is known; `Boosting.load` tells of models without codes."""
    for field in inputs.fields:
        if _is_small(field) and not codes:
            continue
        known: Tables | Codes = codes if _is_small(field) else means
        found, expected = len(known.get(field.name, ())), field.cardinality + (not _is_small(field))
        if found != expected:
            # guard model.fit
            raise SlipwayError(
                f"the model knows {found} values of {field.name!r}, the inputs have {expected}"
            )


def _matrix(inputs: Inputs, told: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Numbers, the codes of small fields, then what is told of the large ones, float64 [rows, columns]."""
    codes = [field.values[:, None] for field in inputs.fields if _is_small(field)]
    return np.concatenate([inputs.numeric, *codes, *told], axis=1, dtype=np.float64)


def _unit(labels: Labels, objective: Objective) -> NDArray[np.float64]:
    if objective.name in ("binary", "classes"):
        return np.array([0.0, 1.0])
    return np.array([np.mean(labels), np.std(labels) or 1.0])  # equal labels have no deviation


def _in_deviations(labels: Labels, unit: NDArray[np.float64]) -> Labels:
    mean, scale = unit
    return labels if (mean, scale) == (0, 1) else (labels - mean) / scale


kind = Kind(
    predictor=Boosting,
    params=BoostingParams,
    learns=frozenset({"binary", "squared", "absolute", "classes"}),
    files=frozenset({MODEL, MEANS}),
    gains=Boosting.gains,
)
