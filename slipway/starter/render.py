"""The files of a new system, as text."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from slipway.base.strict import Strict
from slipway.data.values import shown
from slipway.settings.data import Split, TableSource
from slipway.starter.design import Design
from slipway.starter.outlook import Outlook
from slipway.starter.profile import Profile
from slipway.starter.sizes import Sizes
from slipway.starter.trial import Alike
from slipway.tasks import kind

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = ("system.yaml", "__init__.py", "features.py", "expectations.py", "README.md")
TEST = "test_system.py"


@dataclass(frozen=True)
class Plan:
    """All that the files are made of.

    Attributes:
        alike: how many of its rows are equal; None where nobody looked yet.
        follows: the file or folder of the project that the system's source is a copy of, if it is one.
        outlook: what its canary can find, where that is known.
    """

    name: str
    source: TableSource
    profile: Profile
    design: Design
    split: Split
    sizes: Sizes
    delay: float | None = None
    follows: str | None = None
    task: str = "binary"
    outlook: Outlook | None = None
    alike: Alike | None = None
    depends: bool | None = None


def card_text(plan: Plan) -> str:
    """The design card, its comments told on one line each."""
    return _environment().get_template("system.yaml.j2").render(_values(plan))


def folder_files(plan: Plan) -> dict[str, str]:
    """The text of each file of `systems/<name>/`."""
    values, environment = _values(plan), _environment()
    return {name: environment.get_template(f"{name}.j2").render(values) for name in FOLDER}


def system_test(plan: Plan) -> str:
    """The text of `tests/systems/test_<name>.py`."""
    return _environment().get_template(f"{TEST}.j2").render(_values(plan))


def _values(plan: Plan) -> dict[str, Any]:
    label = plan.design.role("label")
    counted = plan.profile.column(label.column.source or label.name)
    known = label.column.positives
    ones = sum(
        count
        for text, count in zip(counted.values, counted.counts, strict=True)
        # A label of numbers may be written 1 or 1.0.
        if plan.task == "binary" and (text in known or (not known and float(text) == 1))
    )
    return {
        "name": plan.name,
        "class_name": "".join(part.title() for part in plan.name.split("_")),
        "rows": plan.profile.rows,
        "source": plan.source,
        "follows": None if plan.follows is None else f"`{shown(plan.follows, 200)}`",
        "design": plan.design,
        "split": plan.split,
        "sizes": plan.sizes,
        "outlook": plan.outlook,
        "delay": plan.delay,
        "depends": plan.depends,
        "label": label.name,
        "told": label.called,
        "time": plan.design.role("time").name,
        "unit": plan.design.role("unit").name,
        "task": plan.task,
        "counted": kind(plan.task).counted,
        "share": f"{100 * ones / plan.profile.rows:.3g} %",
        "positive": f"`{'`, `'.join(map(shown, known))}` in the table" if known else None,
        "uses": _uses(plan.design),
        "means": _means(plan, label.name, ones / plan.profile.rows),
    }


def _uses(design: Design) -> dict[str, str]:
    """How each column without a role is used, in words."""
    return {
        one.name: "category and number"
        if one.name in design.both
        else "category"
        if one.name in design.categorical
        else "number"
        for one in design.columns
    }


def _means(plan: Plan, label: str, share: float) -> dict[str, tuple[float, float]]:
    """Bounds of the means of numbers, and of the share of positive labels within a half and twice."""
    profile, design = plan.profile, plan.design
    found = {}
    if plan.task == "binary":
        found[label] = (float(f"{share / 2:.3g}"), float(f"{min(1, 2 * share):.3g}"))
    for one in design.columns:
        if one.name in design.numeric or (one.name == label and plan.task == "regression"):
            seen = profile.column(one.column.source or one.name)
            middle, half = seen.mean or 0.0, (seen.deviation or 0.0) / 2
            found[one.name] = (float(f"{middle - half:.4g}"), float(f"{middle + half:.4g}"))
    return found


@cache  # with its templates, which take longer to compile than to fill
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - YAML, Python and Markdown, no HTML
        loader=PackageLoader("slipway.starter"),
        # A name that is missing is an error, not a gap in somebody's card.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"flow": flow, "cell": lambda text: text.replace("|", "\\|")}
    return environment


class _OneLine(yaml.SafeDumper):
    """Writes line breaks in texts as escapes."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_OneLine.add_representer(str, _text)


def flow(value: Any) -> str:
    """A value as YAML on one line, as it can stand in a list or mapping."""
    text: str = yaml.dump(
        # Inside a list, where a text is quoted as any place in a list or mapping needs it.
        [_plain(value)],
        Dumper=_OneLine,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        # PyYAML breaks longer lines.
        width=2**31,
    )
    return text.strip().removeprefix("[").removesuffix("]")


def _plain(value: Any) -> Any:
    if isinstance(value, Strict):
        return _plain(value.model_dump(exclude_defaults=True))
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    # 168 and not 168.0, as a person would write it.
    return int(value) if isinstance(value, float) and value.is_integer() else value
