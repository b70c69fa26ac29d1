"""The `models` section of a design card: what is trained, each kind with parameters of its own."""

from functools import lru_cache, reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    RootModel,
    TypeAdapter,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from slipway import models
from slipway.base.strict import Name, Strict


class _Named(Strict):
    """A model to train, and the name it goes by in reports."""

    name: Name


def _kinds() -> TypeAdapter[Any]:
    """Every kind of model with its own parameters: looked up when a card is read, not on import.

    A kind may be added while a process runs, and none is imported by what reads no card.
    """
    return _union(tuple(models.parameters().items()))


# Cached by the kinds and their parameters, so that a kind that is added makes another one.
@lru_cache
def _union(kinds: tuple[tuple[str, type[Strict]], ...]) -> TypeAdapter[Any]:
    each = []
    for kind, params in kinds:
        only: Any = Literal[kind]
        each.append(
            create_model(
                f"{kind.title().replace('_', '')}Model",
                __base__=_Named,
                __doc__=f"A model of the kind {kind}, and the name it goes by in reports.",
                kind=(only, ...),
                params=(params, params()),
            )
        )
    any_of_them: Any = reduce(or_, each)
    return TypeAdapter(Annotated[any_of_them, Field(discriminator="kind")])


class _OfAnyKind:
    """Validates against the kinds that there are, and tells all of them in the JSON schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(lambda found: _kinds().validate_python(found))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(_kinds().core_schema)


class Model(RootModel[Annotated[Any, _OfAnyKind()]]):
    """One model to train."""

    model_config = ConfigDict(frozen=True)

    @property
    def name(self) -> str:
        """What reports call it."""
        return str(self.root.name)

    @property
    def kind(self) -> str:
        """Which predictor it is."""
        return str(self.root.kind)

    @property
    def params(self) -> dict[str, Any]:
        """The parameters that the card sets; the predictor adds the defaults."""
        found: dict[str, Any] = self.root.params.model_dump(exclude_unset=True)
        return found


class Models(Strict):
    """The simplest baseline first, then what may replace it."""

    seed: Annotated[int, Field(ge=0)]
    baseline: Model
    candidates: Annotated[list[Model], Field(min_length=1)]
    recalibrate: Annotated[
        bool,
        Field(
            description="bend the scores of each model by a slope and an intercept, fitted on the validation "
            "part, whose outcomes are the newest that are known before the holdout begins"
        ),
    ] = True

    @property
    def by_key(self) -> dict[str, Model]:
        """Every model by where the card has it."""
        candidates = {f"models.candidates.{place}": one for place, one in enumerate(self.candidates)}
        return {"models.baseline": self.baseline, **candidates}

    @model_validator(mode="after")
    def _names_differ(self) -> "Models":
        names = [model.name for model in self.by_key.values()]
        if len(set(names)) < len(names):
            raise ValueError(f"two models share a name: {names}")
        return self
