"""Hold the data of a run, as it lies before a stage, against what the run names."""

from pathlib import Path

from slipway.records.checks import Check
from slipway.settings import Card
from slipway.stages.run import RunRef, project


def require_fetched(run: RunRef, card: Card, data: Path) -> None:
    """Stop where the folder is not what was fetched, or its parts leak into each other.

    Every stage that learns or measures asks this itself: between two stages the data lies in a store.

    Raises:
        Refused: names every check that failed.
        SlipwayError: a file of the split is missing or unreadable.
    """
    from slipway.data.parts import check_parts, require_parts
    from slipway.data.versions import hash_of
    from slipway.system import load_system

    found, system = hash_of(data), load_system(card.name, project().root)
    same = Check(
        code="data.fingerprint", passed=found == run.fingerprint, found=found, allowed=run.fingerprint
    )
    require_parts([same, *check_parts(card, system, data)])
