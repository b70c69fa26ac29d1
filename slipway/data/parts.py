"""What exists only after the split: the parts of one version of the data, held against each other."""

from collections.abc import Mapping
from datetime import datetime
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.base.documents import read
from slipway.base.errors import Refused, SlipwayError
from slipway.data.apart import later_copies
from slipway.data.copies import find_copies
from slipway.data.manifest import MIN_ROWS, PARTS, Part, PartSummary, SplitManifest
from slipway.data.split import MANIFEST, summarise
from slipway.records.checks import Check
from slipway.records.labels import told
from slipway.settings import Card
from slipway.system import System
from slipway.tasks import Task


def check_parts(card: Card, system: System, folder: Path) -> list[Check]:
    """Hold the parts in a fetched folder against their manifest and against each other.

    Raises:
        SlipwayError: there is no manifest, or a part that it lists is missing.
    """
    manifest = read_manifest(folder)
    found = {part: summarise(card, system, _file(folder, part)) for part in PARTS}
    return [
        *_manifest_checks(card, manifest, found),
        *summary_checks(card.task, found),
        *known_checks(manifest, found),
        *_copy_checks(card, manifest, folder, found),
        *_request_checks(card, folder),
    ]


def require_parts(checks: list[Check]) -> None:
    """Stop where a check failed.

    Raises:
        Refused: names every one of them.
    """
    failed = [str(check) for check in checks if not check.passed]
    if failed:
        raise Refused("the parts of the data fail their checks: " + "; ".join(failed))  # guard parts.time


def read_manifest(folder: Path) -> SplitManifest:
    """The `manifest.json` of a split.

    Raises:
        SlipwayError: it is absent, or none.
    """
    return read(folder / MANIFEST, SplitManifest, "`dvc repro` makes it anew")


def summary_checks(task: Task, parts: Mapping[Part, PartSummary]) -> list[Check]:
    """Hold the parts to the order of time, and each to enough rows and labels to judge models on.

    Args:
        parts: read from the files, not from the manifest.
    """
    checks = [_apart(before, parts[before], after, parts[after]) for before, after in pairwise(PARTS)]
    for part in PARTS:
        rows, labels = parts[part].rows, parts[part].labels
        checks.append(
            Check(
                code=f"parts.rows.{part}", passed=rows >= MIN_ROWS, found=f"{rows}", allowed=f">= {MIN_ROWS}"
            )
        )
        checks.append(
            Check(
                code=f"parts.{task.part_code}.{part}",
                passed=task.told_apart(labels, parts["train"].labels),
                found=told(labels),
                allowed=task.parts_rule,
            )
        )
    return checks


def _apart(before: str, earlier: PartSummary, after: str, later: PartSummary) -> Check:
    return Check(
        code=f"parts.time.{after}",
        passed=earlier.start <= earlier.end < later.start <= later.end,
        found=f"{before} ends {earlier.end}, {after} begins {later.start}",
        allowed=f"{after} begins later than {before} ends",
    )


def known_checks(manifest: SplitManifest, parts: Mapping[Part, PartSummary]) -> list[Check]:
    """Every outcome in a part was known before the next part begins, and the manifest says so."""
    return [
        _known(before, manifest.parts[before].known_until, parts[before].known_until, after, parts[after])
        for before, after in pairwise(PARTS)
    ]


def _known(part: str, said: datetime | None, until: datetime | None, after: str, later: PartSummary) -> Check:
    found = f"outcomes known until {until}"
    if said is None:
        found = "an older slipway made this split and left nothing out"
    return Check(
        code=f"parts.known.{part}",
        passed=said is not None and until is not None and until < later.start,
        found=found,
        allowed=f"known before {after} begins at {later.start}; `dvc repro` makes the split anew",
    )


def _manifest_checks(card: Card, manifest: SplitManifest, found: Mapping[Part, PartSummary]) -> list[Check]:
    """The manifest is of this system, and says of every file what it holds."""
    checks = [
        Check(
            code="parts.system",
            passed=manifest.system == card.name,
            found=manifest.system,
            allowed=card.name,
        )
    ]
    for part in PARTS:
        said, holds = manifest.parts[part], found[part]
        checks.append(
            Check(
                code=f"parts.sha256.{part}",
                passed=holds.sha256 == said.sha256,
                found=holds.sha256[:12],
                allowed=said.sha256[:12],
            )
        )
        checks.append(
            Check(
                code=f"parts.manifest.{part}",
                passed=_as_said(holds, said) == said,
                found=_told(holds),
                allowed=_told(said),
            )
        )
    return checks


def _as_said(holds: PartSummary, said: PartSummary) -> PartSummary:
    """The summary of a file; what it cannot tell, or another check compares, is as the manifest has it."""
    other: dict[str, object] = {"sha256": said.sha256, "left_out": said.left_out, "copies": said.copies}
    # An older manifest does not say when outcomes became known; `known_checks` refuses it for that.
    return holds.model_copy(update=other | ({} if said.known_until else {"known_until": None}))


def _told(part: PartSummary) -> str:
    return (
        f"{part.rows} rows, {part.units} units, {told(part.labels)}, {part.start} to {part.end}, "
        f"outcomes known until {part.known_until}"
    )


def _copy_checks(
    card: Card, manifest: SplitManifest, folder: Path, found: Mapping[Part, PartSummary]
) -> list[Check]:
    """Few of the rows that judge were copies of a row of an earlier part, and the manifest says how many.

    What it says was left out is its maker's word; what still stands there is counted in the files.
    """
    bounds = [0, *accumulate(found[part].rows for part in PARTS)]
    group = find_copies([_file(folder, part) for part in PARTS], card.data).group
    there = later_copies(group, np.ones(bounds[-1], np.bool_), bounds)
    # The first part comes before all others.
    return [
        copy_check(part, manifest.parts[part].copies, there[start:stop], card.data.max_copies)
        for part, (start, stop) in zip(PARTS[1:], pairwise(bounds[1:]), strict=True)
    ]


def copy_check(part: str, left_out: int | None, there: NDArray[np.bool_], allowed: float) -> Check:
    """Hold a part to the share of its rows that may be copies of rows of earlier parts.

    Args:
        left_out: copies that the split left out; None where nobody looked for them.
        there: [rows]; which of the part's rows are copies all the same.
    """
    if left_out is None:
        return Check(
            code=f"parts.copies.{part}",
            passed=False,
            found="an older slipway made this split and did not look for copies",
            allowed="`dvc repro` makes the split anew",
        )
    copies, rows = left_out + int(there.sum()), left_out + len(there)
    return Check(
        code=f"parts.copies.{part}",
        passed=copies <= allowed * rows,
        found=f"{copies:,} of {rows:,} rows copy a row of an earlier part, {left_out:,} of them left out",
        allowed=f"at most {allowed:.3g} of the rows (data.max_copies); take copies out of the table",
    )


def _request_checks(card: Card, folder: Path) -> list[Check]:
    """No request in two parts; without request ids every row is a request of its own."""
    request = card.data.column("request")
    if request is None:
        return []
    ids = [pc.unique(pq.read_table(_file(folder, part), columns=[request])[request]) for part in PARTS]
    shared = sum(map(len, ids)) - len(pc.unique(pa.chunked_array(ids)))
    return [Check(code="parts.requests", passed=not shared, found=f"{shared} in two parts", allowed="none")]


def _file(folder: Path, part: str) -> Path:
    path = folder / f"{part}.parquet"
    if not path.is_file():
        raise SlipwayError(f"{path}: missing; the manifest lists it")
    return path
