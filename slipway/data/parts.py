"""What exists only after the split: the parts of one version of the data, held against each other."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import ValidationError

from slipway.base.errors import Refused, SlipwayError
from slipway.data.manifest import PARTS, Part, PartSummary, SplitManifest
from slipway.data.split import MANIFEST, summarise
from slipway.records.checks import Check
from slipway.settings import Card

MIN_ROWS = 100


def check_parts(card: Card, folder: Path) -> list[Check]:
    """Hold the parts in a fetched folder against their manifest and against each other.

    Raises:
        SlipwayError: there is no manifest, or a part that it lists is missing.
    """
    manifest = read_manifest(folder)
    found = {part: summarise(card, _file(folder, part)) for part in PARTS}
    return [
        *_manifest_checks(card, manifest, found),
        *summary_checks(found),
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
    """The `manifest.json` of a split."""
    path = folder / MANIFEST
    try:
        return SplitManifest.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SlipwayError(f"{path}: not the manifest of a split: {place}: {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise SlipwayError(f"{path}: not the manifest of a split: {error}") from error


def summary_checks(parts: Mapping[Part, PartSummary]) -> list[Check]:
    """Times in order and apart, rows enough, both classes in every part: of the files, not the manifest."""
    checks = [_apart(before, parts[before], after, parts[after]) for before, after in pairwise(PARTS)]
    for part in PARTS:
        rows, rate = parts[part].rows, parts[part].base_rate
        checks.append(
            Check(
                code=f"parts.rows.{part}", passed=rows >= MIN_ROWS, found=f"{rows}", allowed=f">= {MIN_ROWS}"
            )
        )
        checks.append(
            Check(
                code=f"parts.base_rate.{part}",
                passed=0 < rate < 1,
                found=f"{rate:.6g}",
                allowed="above 0 and below 1",
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
                passed=holds.model_copy(update={"sha256": said.sha256}) == said,
                found=_told(holds),
                allowed=_told(said),
            )
        )
    return checks


def _told(part: PartSummary) -> str:
    return f"{part.rows} rows, {part.units} units, base rate {part.base_rate:.6g}, {part.start} to {part.end}"


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
