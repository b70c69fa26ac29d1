"""Kinds of models: each is one module here that declares itself as `kind`, and is found by its name."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from slipway.base.errors import SlipwayError, UsageError
from slipway.base.strict import Strict
from slipway.models.interface import BINARY, Kind, Labelled, Labels, Objective, Params, Predictor


def kinds() -> dict[str, Kind]:
    """Every kind by its name, sorted.

    Raises:
        SlipwayError: a module cannot be imported; the line names it.
    """
    found = {}
    for module in sorted((one for one in iter_modules(__path__) if not one.ispkg), key=lambda one: one.name):
        try:
            declared = getattr(import_module(f"{__name__}.{module.name}"), "kind", None)
        except (ImportError, ValueError) as error:  # the latter is `Kind` refusing what is declared
            raise SlipwayError(f"{__name__}.{module.name}: cannot be imported: {error}") from error
        if isinstance(declared, Kind):
            found[module.name] = declared
    return found


def kind(name: str) -> Kind:
    """One kind.

    Raises:
        SlipwayError: there is none of this name.
    """
    known = kinds()
    if name not in known:
        raise SlipwayError(f"no kind of model {name!r} in {__name__}; there are {', '.join(known)}")
    return known[name]


def predictor(name: str) -> type[Predictor]:
    """The class of one kind that trains and predicts.

    Raises:
        SlipwayError: there is none of this name.
    """
    return kind(name).predictor


def parameters() -> dict[str, type[Strict]]:
    """The parameters that a card may set, by the name of the kind."""
    return {name: one.params for name, one in kinds().items()}


def require_learns(key: str, name: str, objective: Objective) -> None:
    """Refuse a kind that cannot learn what the card asks for.

    Args:
        key: where the card has the model, such as `models.baseline`.

    Raises:
        UsageError: the line names the key and the kinds that can.
    """
    if objective.name not in kind(name).learns:
        able = ", ".join(other for other, one in kinds().items() if objective.name in one.learns)
        # guard model.objective
        raise UsageError(f"{key}.kind: {name!r} cannot learn the objective {objective.name!r}; {able} can")


def save(name: str, trained: Predictor, folder: Path) -> None:
    """Save a model into an empty folder.

    Raises:
        SlipwayError: it wrote another file than its kind declares.
    """
    trained.save(folder)
    # The whole folder becomes part of a version, so what was written counts and not what was meant to be.
    declared = kind(name).files
    for path in sorted(one for one in folder.rglob("*") if not one.is_dir()):
        if (found := path.relative_to(folder).as_posix()) not in declared:
            # guard model.files
            raise SlipwayError(f"a model of kind {name!r} saved {found!r}, which its files do not declare")


__all__ = [
    "BINARY",
    "Kind",
    "Labelled",
    "Labels",
    "Objective",
    "Params",
    "Predictor",
    "kind",
    "kinds",
    "parameters",
    "predictor",
    "require_learns",
    "save",
]
