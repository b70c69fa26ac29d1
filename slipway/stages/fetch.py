"""Fetch the data of a run."""

from pathlib import Path

from slipway.base.failure import failure_kept
from slipway.stages.record import refusals_kept
from slipway.stages.run import RunRef, project, say


@failure_kept()
def fetch(run: RunRef, data: Path) -> None:
    """Fetch the split that DVC versions into `data`.

    Raises:
        Refused: what was fetched is not the run's fingerprint.
    """
    from slipway.data.versions import fetch_split

    with refusals_kept(run, "training"):
        fetch_split(run.line(project()), run.revision, run.fingerprint, data)
    say(f"data {run.fingerprint[:12]} ({run.size}) at {run.revision}")
