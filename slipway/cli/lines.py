"""Which lines a command works on, or shows."""

from collections.abc import Callable
from typing import get_args

from slipway.cli.console import err
from slipway.settings import Line, Size
from slipway.settings.root import Project


def new_line(system: str | None, size: Size) -> Line:
    """The line that a command may begin, by default of the project's default system."""
    project = Project.find()
    return Line(project, project.card(system).name, size)


def existing(system: str | None, size: Size | None) -> list[Line]:
    """Every line of which there is a record, a version or traffic; of one system or size, or of all."""
    return [line for line in possible(system, size) if begun(line)]


def begun(line: Line) -> bool:
    """Whether anything was ever kept of a line, or has its traffic."""
    from slipway.registry.versions import Registry

    return has_traffic(line) or Registry(line).begun


def has_traffic(line: Line) -> bool:
    """Whether a version of a line is live."""
    from slipway.rollout.targets import traffic

    return traffic(line) is not None


def in_use(system: str | None, size: Size | None, counts: Callable[[Line], bool] = begun) -> Line:
    """The line that a size names; without one the only line there is, or the one decided on last, and say so.

    Without a system, of the default one where `project.yaml` names it, else of any. Where there is none yet,
    it is the full size, and the command says what is missing there.

    Args:
        counts: which lines there are, for this command.
    """
    if size is not None:
        return new_line(system, size)
    default = new_line(system, "full")
    lines = [
        line for line in possible(system or default.project.settings.default_system, None) if counts(line)
    ]
    if not lines:
        return default
    line = max(lines, key=_last_decision) if len(lines) > 1 else lines[0]
    if len(lines) > 1 or line != default:
        which = "the last one" if len(lines) > 1 else "the only one"
        err.print(f"using {line.name}, {which}; --size says otherwise", markup=False)
    return line


def possible(system: str | None, size: Size | None) -> list[Line]:
    """The lines of the systems that the project lists, whether or not there is anything of them."""
    project = Project.find()
    default = project.card(system).name  # else an unknown system, or none at all, would be an empty answer
    systems = [default] if system else project.settings.systems
    return [Line(project, one, each) for one in systems for each in get_args(Size) if size in (None, each)]


def _last_decision(line: Line) -> str:
    from slipway.registry.versions import Registry

    return Registry(line).last_record() or ""
