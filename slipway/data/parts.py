"""What exists only after the split: the parts of one version of the data, held against each other."""

from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from slipway.data.manifest import Part, PartSummary, SplitManifest
from slipway.data.split import MANIFEST, PARTS
from slipway.decisions import Check
from slipway.errors import Refused, SlipwayError
from slipway.settings import Card
from slipway.version.manifest import sha256

MIN_ROWS = 100


def check_parts(card: Card, folder: Path) -> list[Check]:
    """Hold the parts in a fetched folder against their manifest and against each other.

    Raises:
        SlipwayError: there is no manifest, or a part that it lists is missing.
    """
    manifest = read_manifest(folder)
    digests = {part: sha256(_file(folder, part)) for part in PARTS}
    return [
        *_digest_checks(manifest, digests),
        *summary_checks(manifest),
        *_request_checks(card, folder),
    ]


def require_parts(checks: list[Check]) -> None:
    """Stop where a check failed.

    Raises:
        Refused: names every one of them.
    """
    failed = [str(check) for check in checks if not check.passed]
    if failed:
        raise Refused("the parts of the data fail their checks: " + "; ".join(failed))


def read_manifest(folder: Path) -> SplitManifest:
    """The `manifest.json` of a split."""
    path = folder / MANIFEST
    try:
        return SplitManifest.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SlipwayError(f"{path}: not the manifest of a split") from error


def summary_checks(manifest: SplitManifest) -> list[Check]:
    """Times in order and apart, rows enough, both classes in every part."""
    parts = manifest.parts
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


def _digest_checks(manifest: SplitManifest, digests: dict[Part, str]) -> list[Check]:
    return [
        Check(
            code=f"parts.sha256.{part}",
            passed=digests[part] == manifest.parts[part].sha256,
            found=digests[part][:12],
            allowed=manifest.parts[part].sha256[:12],
        )
        for part in PARTS
    ]


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
