"""Decision records: one JSON document for every promotion, rollback and refusal, never changed afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from slipway.base.documents import Document
from slipway.base.strict import Moment, Strict
from slipway.records.canary import CanaryEvidence
from slipway.records.checks import Check
from slipway.records.evidence import Evidence

Decision = Literal[
    "registered", "refused", "first", "promote", "abort", "inconclusive", "rollback", "cleared", "accepted"
]


STAMP = "%Y%m%dT%H%M%S%f"


def record_id(at: datetime, run: str, last: str | None = None) -> str:
    """An id that sorts in the order of decisions: by time, to the millisecond, and after the last one.

    A clock that was set back does not reorder decisions: the id then goes on where the last one was.

    Args:
        last: the newest id so far, None where there is none.
    """
    if last is not None:
        # %f reads three digits as milliseconds.
        newest = datetime.strptime(last.partition("-")[0], STAMP).replace(tzinfo=UTC)
        at = max(at, newest + timedelta(milliseconds=1))
    return f"{at.strftime(STAMP)[:-3]}-{run}"


class CheckSummary(Strict):
    """What Great Expectations found on the rows that were really used."""

    evaluated: int
    failed_critical: list[str]
    failed_warning: list[str]


class DecisionRecord(Document):
    """Who decided what, when, on which evidence."""

    schema_version: Literal[1, 2, 3] = 3
    id: Annotated[str, Field(description="sorts in the order of decisions")]
    at: Annotated[Moment, Field(description="what the clock said")]
    by: Annotated[str, Field(description="account and machine, and whom Git's settings claim; see the seal")]
    system: str
    decision: Decision
    reason: Annotated[str, Field(description="one line for people")]
    version: Annotated[
        int | None, Field(description="the version decided on, None where none was registered")
    ]
    replaced: Annotated[int | None, Field(description="the version that was in production before")]
    size: str
    data_fingerprint: str
    revision: Annotated[str, Field(description="Git revision that the data was fetched at, or WORKSPACE")]
    git_commit: str | None
    git_clean: bool
    version_digest: str | None
    code_digest: str | None
    bento: Annotated[str | None, Field(description="tag of the Bento, None before packaging")]
    run: Annotated[str | None, Field(description="MLflow run")]
    checks: list[Check]
    data_checks: CheckSummary | None
    evaluation: Evidence | None
    canary: CanaryEvidence | None

    @classmethod
    def renewed(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Earlier versions held evidence of earlier versions."""
        if content.get("schema_version") not in (1, 2):
            return content
        inside: dict[str, type[Document]] = {"evaluation": Evidence, "canary": CanaryEvidence}
        found = {key: kind.renewed(content[key]) for key, kind in inside.items() if content.get(key)}
        return content | found | {"schema_version": 3}
