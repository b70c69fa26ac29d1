"""Hold rows against a system's expectations: Great Expectations, on DuckDB, over Parquet files."""

import json
import tempfile
from pathlib import Path
from typing import Any

from slipway.base.atomic import whole_folder
from slipway.base.digest import sha256
from slipway.base.errors import Refused, SlipwayError
from slipway.data.docs import one_page, site
from slipway.data.duckdb_engine import column_types, parquet_batch, require_readable
from slipway.data.findings import Finding, findings
from slipway.data.suite import build_suite
from slipway.records.decision import CheckSummary
from slipway.tasks import Task

RESULT = "result.json"
MOST = 5
"""Failures that a refusal names; the result has them all."""


def check_rows(title: str, task: Task, extra: list[Any], rows: list[Path], out: Path) -> CheckSummary:
    """Evaluate what the columns and the system expect; whether it may go on is for `require` to say.

    Args:
        title: of the results and their pages.
        task: its columns are what the generic expectations follow from.
        extra: what the system expects beyond them, `System.expectations(card)`.
        rows: Parquet files, taken together as one table.
        out: a folder to replace: `result.json` (the same bytes for the same rows), Data Docs in `docs/` and
            their validation page as one file, `docs.html`.

    Raises:
        SlipwayError: a file cannot be read.
    """
    with whole_folder(out) as folder:
        types = column_types(rows)
        require_readable(rows)
        results = _validate(title, build_suite(title, task, extra, types), rows, folder / "docs")
        (folder / "docs.html").write_text(one_page(folder / "docs"), encoding="utf-8")
        found = findings(results, types)
        failed = [one for one in found if not one.success]
        summary = CheckSummary(
            evaluated=len(results),
            failed_critical=[one.line(task.columns) for one in failed if one.severity == "critical"],
            failed_warning=[one.line(task.columns) for one in failed if one.severity != "critical"],
        )
        (folder / RESULT).write_text(_json(summary, found, rows), encoding="utf-8")
    return summary


def require(summary: CheckSummary) -> None:
    """Stop where an expectation of critical severity failed.

    Raises:
        Refused: names the first of them.
    """
    if failed := summary.failed_critical:
        more = [f"and {len(failed) - MOST} more"] if len(failed) > MOST else []
        raise Refused("the data fails its checks: " + "; ".join([*failed[:MOST], *more]))  # guard check.stops


def read_summary(path: Path) -> CheckSummary:
    """The summary in a `result.json`."""
    try:
        return CheckSummary.model_validate(json.loads(path.read_text(encoding="utf-8"))["summary"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SlipwayError(f"{path}: not the result of a check; run `slipway data check` first") from error


def require_checked(path: Path, rows: list[Path]) -> None:
    """Stop where a result is about other rows, however well those did.

    Args:
        path: a `result.json`.
        rows: Parquet files that are to be used.

    Raises:
        Refused: at least one file is not as it was when it was checked.
    """
    checked = json.loads(path.read_text(encoding="utf-8")).get("rows", {})
    for file in rows:
        if checked.get(file.name) != sha256(file):
            # guard split.unchanged
            raise Refused(f"{file}: changed since it was checked in {path}; run `slipway data check` again")


def _json(summary: CheckSummary, found: list[Finding], rows: list[Path]) -> str:
    content = {
        "summary": summary.model_dump(),
        "expectations": [one.model_dump() for one in found],
        "rows": {file.name: sha256(file) for file in rows},
    }
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _validate(title: str, expected: Any, rows: list[Path], docs: Path) -> list[Any]:
    import great_expectations as gx
    from great_expectations.checkpoint import UpdateDataDocsAction

    context = _context(docs)
    suite = context.suites.add(expected)
    with tempfile.TemporaryDirectory() as temporary:
        batch = parquet_batch(context, rows, Path(temporary) / "view.duckdb")
        validation = context.validation_definitions.add(
            gx.ValidationDefinition(name=title, data=batch, suite=suite)
        )
        checkpoint = gx.Checkpoint(
            name=title,
            validation_definitions=[validation],
            actions=[UpdateDataDocsAction(name="docs", site_names=["docs"])],
            result_format="BASIC",
        )
        run = context.checkpoints.add(checkpoint).run()
    return [result for validated in run.run_results.values() for result in validated.results]


def _context(docs: Path) -> Any:
    """A GX context in memory that writes its Data Docs to a folder and says nothing while it works."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.add_data_docs_site("docs", site(docs))
    return context
