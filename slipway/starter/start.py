"""A new system from a look at a table: everything is tried before the first file is written."""

import keyword
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from slipway.base.atomic import whole_folder, write_text
from slipway.base.errors import SlipwayError, UsageError
from slipway.base.provenance import git
from slipway.base.strict import NAME
from slipway.settings import Card, ProjectSettings, read
from slipway.settings.data import TIME_FORMATS
from slipway.settings.root import Project
from slipway.starter.choices import Choices, faults, task_of
from slipway.starter.design import Design, design
from slipway.starter.outlook import outlook
from slipway.starter.place import Place, bring, place
from slipway.starter.profile import profile
from slipway.starter.project_file import with_system
from slipway.starter.render import Plan, card_text, folder_files, system_test
from slipway.starter.sizes import PROVISIONAL, more_rows, sizes, small_rows, split_shares
from slipway.starter.source import describe, ending
from slipway.starter.times import is_format
from slipway.starter.trial import Trial, attempt, ingested

PROJECT = "project.yaml"


@dataclass(frozen=True)
class Asked:
    """What the command line says.

    Attributes:
        header: names of the columns, where the file's first line has none.
        time_format: how times are written, where that is not found out.
    """

    name: str
    path: Path
    choices: Choices
    header: list[str] | None = None
    time_format: str | None = None


@dataclass(frozen=True)
class Started:
    """The new system and its files.

    Attributes:
        files: what belongs into Git, relative to the project's root.
    """

    plan: Plan
    files: tuple[str, ...]


def new_system(project: Project, asked: Asked, tell: Callable[[str], None]) -> Started:
    """Write `systems/<name>/`, its test and its table, and list it in `project.yaml`; or nothing at all.

    Args:
        tell: takes a line on what is done now, or how far it is.

    Raises:
        UsageError: what is asked for does not fit the project or the table.
        SlipwayError: the table cannot be used.
    """
    _require(_project_faults(project, asked))
    project.state.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=project.state, prefix="new-system-") as temporary, ExitStack() as undo:
        tell(f"looking at {asked.path}")
        at, plan = _plan(project, asked, Path(temporary), tell)
        listed = _listed(project, asked.name, Path(temporary))
        tell(f"writing systems/{asked.name}")
        files = (PROJECT, *_write(project, plan, undo))
        bring(project, asked.name, asked.path, at, tell)
        # Last: no command knows the system before it is whole.
        write_text(project.root / PROJECT, listed)
        undo.pop_all()  # it is whole: nothing is taken back
    return Started(plan, files)


def _require(found: Iterator[str]) -> None:
    """Stop at the first fault."""
    for fault in found:
        raise UsageError(f"new-system: {fault}")  # guard new_system.fits


def _project_faults(project: Project, asked: Asked) -> Iterator[str]:
    """What does not fit the project, before the table is read."""
    name = asked.name
    if not re.fullmatch(NAME, name) or _means_something(name):
        yield f"{name!r} is no name: expected lower-case letters, digits and _, and no word of Python or YAML"
        # What follows would make paths of it.
        return
    if name in project.settings.systems:
        yield f"{name!r} is taken: {PROJECT} lists {project.settings.systems}"
    for file in (f"systems/{name}", f"tests/systems/test_{name}.py"):
        if (project.root / file).exists():
            yield f"{name!r} is taken: {file} exists"
    if git(project.root, "check-ignore", "--", f"systems/{name}/__init__.py"):
        yield f"{name!r} would be lost: a .gitignore leaves systems/{name} out of Git"
    if not asked.path.exists():
        yield f"--from: no such file or folder: {asked.path}"
    if asked.time_format is not None and not is_format(asked.time_format):
        yield f"--time-format: found {asked.time_format!r}, expected {TIME_FORMATS}"
    for entry, command in ((".git", "git init"), (".dvc", "dvc init")):
        if not any((folder / entry).exists() for folder in (project.root, *project.root.parents)):
            yield f"{project.root} has no {entry}, which keeps the table's versions; run `{command}` there"


def _means_something(name: str) -> bool:
    """Whether a name, or that of its class, cannot stand in Python, or is no text in YAML."""
    return keyword.iskeyword(name) or keyword.iskeyword(name.title()) or yaml.safe_load(name) != name


def _plan(project: Project, asked: Asked, folder: Path, tell: Callable[[str], None]) -> tuple[Place, Plan]:
    """The card, tried on the table: columns that tell the label are left out, sizes fit the parts."""
    source = describe(asked.path, asked.header).model_copy(update={"time_format": asked.time_format})
    found = profile(source, asked.path, folder, asked.choices.time, asked.choices.label)
    _require(faults(found, asked.choices))
    # A task that is unclear was refused just before; mypy cannot know that.
    task = task_of(found.column(asked.choices.label), asked.choices) or "binary"
    tell(f"{found.rows:,} rows, {len(found.columns)} columns; trying the card on them")
    at = place(project, asked.path, asked.name, ending(asked.path, source.format))
    plan = Plan(
        name=asked.name,
        source=found.source,
        profile=found,
        # With every column that may be one: what is unfit is for the trial to find out.
        design=design(found, asked.choices),
        split=split_shares(found.rows),
        sizes=PROVISIONAL,
        delay=asked.choices.delay,
        follows=at.follows,
        task=task,
        depends=asked.choices.depends,
    )
    plan, tried = _tried(plan, small_rows(found.rows), asked.path, folder, tell)
    chosen = _chosen(plan, asked, tried)
    if {one.name for one in chosen.columns} != {one.name for one in plan.design.columns}:
        # What is left out makes rows equal that were not, and those are copies of each other.
        again = replace(plan, design=chosen)
        plan, retried = _tried(again, plan.source.rows["small"], asked.path, folder, tell)
        tried = replace(retried, disordered=tried.disordered)
        chosen = _chosen(plan, asked, tried)
    sized = sizes(tried.parts, bool(asked.choices.depends))
    plan = replace(plan, design=chosen, sizes=sized, outlook=outlook(sized, tried.noise), alike=tried.alike)
    return at, plan


def _chosen(plan: Plan, asked: Asked, tried: Trial) -> Design:
    """The design by what a trial found; columns that it has left out already stay out."""
    sources = {one.name: one.column.source or one.name for one in plan.design.columns}
    unfit = {one.column.source or one.name: one.why for one in plan.design.left}
    unfit |= {sources[name]: why for name, why in tried.unfit.items()}
    if leaking := {asked.choices.time, asked.choices.unit} & unfit.keys():
        raise SlipwayError(
            f"{asked.path}: column {leaking.pop()!r} alone tells the label; it can have no role"
        )
    found = design(
        plan.profile,
        asked.choices,
        unfit,
        {sources[name]: ratio for name, ratio in tried.disordered.items() if name in sources},
        {sources[name]: share for name, share in tried.missing.items()},
    )
    if not (found.categorical or found.numeric):
        why = "; ".join(f"{one.called} {one.why}" for one in found.left)
        raise SlipwayError(f"{asked.path}: no column is left to learn from: {why or 'there is no other'}")
    return found


def _tried(
    plan: Plan, limit: int | None, path: Path, folder: Path, tell: Callable[[str], None]
) -> tuple[Plan, Trial]:
    """The plan with its small size, and the trial on the smallest one, with what is unfit at any.

    The small size grows from `limit` rows until its parts can be made, as those of all rows can: until they
    span more time than labels need, and have rows of every label.
    """
    rows = ingested(_card(plan), plan.source, path, None, folder)
    while limit is not None:
        sized = _sized(plan, limit)
        # By the card that both sizes will have.
        whole = attempt(_card(sized), path, rows)
        try:
            few = ingested(_card(sized), sized.source, path, limit, folder)
            return sized, _both(whole, attempt(_card(sized), path, few))
        except SlipwayError as error:
            tell(f"{limit:,} rows are too few for a small size: {str(error).removeprefix(f'{path}: ')}")
            limit = more_rows(limit, plan.profile.rows)
    return plan, attempt(_card(plan), path, rows)


def _both(whole: Trial, small: Trial) -> Trial:
    """What is true at either size; the small one's numbers."""
    return replace(
        small,
        alike=replace(whole.alike, refused=whole.alike.refused or small.alike.refused),
        unfit={**small.unfit, **whole.unfit},
        disordered=whole.disordered,
        missing={name: max(share, small.missing[name]) for name, share in whole.missing.items()},
    )


def _card(plan: Plan) -> Card:
    return Card.model_validate(yaml.safe_load(card_text(plan)))


def _sized(plan: Plan, limit: int) -> Plan:
    source = plan.source.model_copy(update={"rows": {"full": None, "small": limit}})
    return replace(plan, source=source, split=split_shares(limit))


def _listed(project: Project, name: str, folder: Path) -> str:
    """The new text of `project.yaml`, held against its model before anything is written."""
    text = with_system((project.root / PROJECT).read_text(encoding="utf-8"), name)
    (folder / PROJECT).write_text(text, encoding="utf-8")
    _require(_listing_faults(folder / PROJECT, name))
    return text


def _listing_faults(file: Path, name: str) -> Iterator[str]:
    try:
        read(file, ProjectSettings)
    except UsageError as error:
        yield f"{name!r} does not fit {PROJECT}: {str(error).removeprefix(f'{file}: ')}"


def _write(project: Project, plan: Plan, undo: ExitStack) -> tuple[str, str]:
    names = f"systems/{plan.name}", f"tests/systems/test_{plan.name}.py"
    folder, test = (project.root / name for name in names)
    with whole_folder(folder) as aside:
        for name, text in folder_files(plan).items():
            (aside / name).write_text(text, encoding="utf-8")
    undo.callback(shutil.rmtree, folder)
    write_text(test, system_test(plan))
    undo.callback(test.unlink)
    return names
