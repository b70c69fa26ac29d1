"""What the stages of one pipeline run share."""

from typing import Annotated

from pydantic import Field

from slipway.base.addresses import masked
from slipway.base.strict import Strict
from slipway.settings import Line, Size
from slipway.settings.root import Project


class RunRef(Strict):
    """Names one pipeline run and the data it works on; every stage gets it as a JSON parameter."""

    id: Annotated[str, Field(description="made by whoever submits the run; finds its MLflow run and record")]
    system: str
    size: Size
    revision: Annotated[str, Field(description="Git revision to fetch data at, or WORKSPACE")]
    fingerprint: Annotated[str, Field(description="the DVC hash that the fetched split must have")]

    def line(self, project: Project) -> Line:
        """The line that it works on."""
        return Line(project, self.system, self.size)


def project() -> Project:
    """The project that a stage runs in: the working directory of the process, the image's on a cluster."""
    from slipway.base.environment import settle

    settle()
    return Project.find()


def say(text: str) -> None:
    """A line that the local runner shows to the user; see `slipway/runs.py`."""
    # At once: standard output of a task is a pipe, which would hold lines back.
    print(f"» {masked(text)}", flush=True)
