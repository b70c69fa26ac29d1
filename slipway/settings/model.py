"""The `models` section of a design card: what is trained, each kind with parameters of its own."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, RootModel, model_validator

from slipway.base.strict import Count, Name, Strict

NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(gt=0, le=1)]


class LogisticParams(Strict):
    """Of the logistic regression; the defaults are scikit-learn's."""

    c: Annotated[float, Field(gt=0, description="inverse of the L2 penalty")] = 1.0
    max_iter: Annotated[int, Field(ge=1, le=100_000)] = 100


class BoostingParams(Strict):
    """Of the boosting, by LightGBM's names; the defaults are LightGBM's but for `rounds` and threads."""

    rounds: Annotated[int, Field(ge=1, le=100_000, description="at most; validation stops it earlier")] = 400
    learning_rate: Fraction = 0.1
    num_leaves: Annotated[int, Field(ge=2, le=131_072)] = 31
    max_depth: Annotated[int, Field(ge=-1, description="-1 is no limit")] = -1
    max_bin: Annotated[int, Field(ge=2, le=65_535)] = 255
    min_data_in_leaf: Annotated[int, Field(ge=0)] = 20
    min_sum_hessian_in_leaf: NotNegative = 1e-3
    min_gain_to_split: NotNegative = 0.0
    feature_fraction: Fraction = 1.0
    bagging_fraction: Fraction = 1.0
    bagging_freq: Annotated[int, Field(ge=0, description="0 is no bagging")] = 0
    lambda_l1: NotNegative = 0.0
    lambda_l2: NotNegative = 0.0
    cat_smooth: NotNegative = 10.0
    cat_l2: NotNegative = 10.0
    max_cat_threshold: Count = 32
    min_data_per_group: Count = 100
    num_threads: Annotated[
        int, Field(ge=1, le=256, description="on shared cores, threads that wait in turn take longer")
    ] = 1


class LogisticModel(Strict):
    """A logistic regression to train, and the name it goes by in reports."""

    name: Name
    kind: Literal["logistic"]
    params: LogisticParams = LogisticParams()


class BoostingModel(Strict):
    """A boosting to train, and the name it goes by in reports."""

    name: Name
    kind: Literal["boosting"]
    params: BoostingParams = BoostingParams()


class Model(RootModel[Annotated[LogisticModel | BoostingModel, Field(discriminator="kind")]]):
    """One model to train."""

    model_config = ConfigDict(frozen=True, strict=True)

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.root.name

    @property
    def kind(self) -> Literal["logistic", "boosting"]:
        """Which predictor it is."""
        return self.root.kind

    @property
    def params(self) -> dict[str, Any]:
        """The parameters that the card sets; defaults stay with the predictor."""
        return self.root.params.model_dump(exclude_unset=True)


class Models(Strict):
    """The simplest baseline first, then what may replace it."""

    seed: Annotated[int, Field(ge=0)]
    baseline: Model
    candidates: Annotated[list[Model], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> "Models":
        names = [model.name for model in (self.baseline, *self.candidates)]
        if len(set(names)) < len(names):
            raise ValueError(f"two models share a name: {names}")
        return self
