"""Which line a command works on."""

from slipway.settings import Line, Size
from slipway.settings.root import Project


def line_of(system: str | None, size: Size) -> Line:
    """The line of a system, by default the project's default system."""
    project = Project.find()
    return Line(project, project.card(system).name, size)
