"""Tell whether a run would repeat the last one."""

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

from slipway.base.atomic import write_text
from slipway.base.strict import Strict
from slipway.data.versions import fingerprint
from slipway.records.decision import DecisionRecord
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.version.assemble import copy_code
from slipway.version.manifest import digests
from slipway.version.origin import PACKAGE


class Last(Strict):
    """The inputs of the last run and the decision that it led to."""

    inputs: str
    record: DecisionRecord


def last_decision(line: Line, inputs: str) -> DecisionRecord | None:
    """The last decision, if it came of the same inputs and production is still the same."""
    if not line.last.is_file():
        return None
    try:
        last = Last.model_validate_json(line.last.read_text(encoding="utf-8"))
    except ValidationError:
        return None  # written by another version of slipway: run again
    production = Registry(line).resolve("production")
    # Somebody may have rolled back since: then the decision holds no more.
    in_place = last.record.version if last.record.decision in ("first", "promote") else last.record.replaced
    return last.record if last.inputs == inputs and production == in_place else None


def remember(line: Line, inputs: str, record: DecisionRecord) -> None:
    """Keep what `last_decision` compares with; the inputs are those from before the run."""
    last = Last(inputs=inputs, record=record)
    write_text(line.last, last.model_dump_json(indent=2))


def inputs_of(line: Line) -> str:
    """One digest of the data's fingerprint, the card and all code that decides, as they are now."""
    root = line.project.root
    with TemporaryDirectory() as temporary:
        # As a version carries it: this is the code that trains and serves.
        copy_code(root, Path(temporary), line.system)
        served = digests(Path(temporary))
    # Code that decides counts as an input: a changed gate must decide again.
    folders = (PACKAGE, root / "components", root / "pipelines")
    code = {folder.name: digests(folder) for folder in folders}
    parts = [fingerprint(line), line.card.model_dump_json(), repr(sorted(served.items())), repr(code)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
