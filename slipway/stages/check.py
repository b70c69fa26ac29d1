"""Check what was really fetched."""

import shutil
import tempfile
from pathlib import Path

from slipway.base.atomic import whole_file
from slipway.base.failure import failure_kept
from slipway.stages.fetched import require_fetched
from slipway.stages.record import Checked, refusals_kept
from slipway.stages.run import RunRef, project, say

PARTS = ("train", "validation", "holdout", "replay")


@failure_kept()
def check(run: RunRef, *, data: Path, summary: Path, docs: Path) -> None:
    """Hold the parts against each other and their rows against the suite; writes the result and Data Docs.

    Raises:
        Refused: it is not what the run names, or a rule for parts or a critical expectation failed.
    """
    from slipway.data.check import RESULT, check_rows, read_summary, require
    from slipway.system import load_system

    here = project()
    card = run.line(here).card
    with refusals_kept(run, "training", checked=Checked(summary, docs)):
        require_fetched(run, card, data)  # guard check.fingerprint
        extra = load_system(card.name, here.root).expectations(card)
        # A check replaces a folder; the outputs of a pipeline's task are single files.
        with tempfile.TemporaryDirectory() as temporary:
            checks = Path(temporary) / "checks"
            check_rows(card.name, card.task, extra, [data / f"{part}.parquet" for part in PARTS], checks)
            # The docs first: where a summary lies, `refusals_kept` takes both to be there.
            for made, out in ((checks / "docs.html", docs), (checks / RESULT, summary)):
                with whole_file(out) as aside:
                    shutil.copyfile(made, aside)
        # After both are written, so that the record of a refusal can keep them.
        found = read_summary(summary)
        require(found)  # guard check.again
    say(f"{found.evaluated} expectations held, {len(found.failed_warning)} warnings")
