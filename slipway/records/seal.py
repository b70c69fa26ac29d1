"""The seal of a decision record: its digest, what it says in short and which came before it, all signed."""

import hashlib
from typing import Annotated, Literal

from pydantic import Field

from slipway.base.documents import Document
from slipway.base.strict import Strict
from slipway.records.decision import Decision, DecisionRecord

PURPOSE = b"slipway decision record\n"
"""The signed bytes begin with it, so that no signature of anything else passes for one of a record."""


class Link(Strict):
    """A record by its id and its content.

    Attributes:
        sha256: of its seal, which names the record's own; of the record where that is from before seals.
    """

    id: str
    sha256: str


class Seal(Document):
    """Lies beside a record, which stays as every slipway reads it."""

    schema_version: Literal[1] = 1
    line: Annotated[str, Field(description="registered name of the line; no other one may show this record")]
    run: Annotated[str, Field(description="MLflow run that keeps the record")]
    id: str
    sha256: Annotated[str, Field(description="of the record, byte for byte")]
    decision: Decision
    version: int | None
    replaced: int | None
    digest: Annotated[str | None, Field(description="of the version")]
    before: Annotated[list[Link], Field(description="the newest records then: all that no other one named")]
    accepts: Annotated[
        list[str], Field(description="breaks of the chain that are known and accepted, as `KIND ID`")
    ]
    signature: str

    def statement(self) -> bytes:
        """The bytes that are signed: all of it but the signature."""
        return PURPOSE + self.model_dump_json(exclude={"signature"}).encode()


def unsigned(
    record: DecisionRecord, content: bytes, line: str, before: list[Link], accepts: list[str]
) -> Seal:
    """The seal of a record, which is still to be signed.

    Args:
        content: the record as it is kept.
    """
    return Seal(
        line=line,
        run=record.run or "",
        id=record.id,
        sha256=hexdigest(content),
        decision=record.decision,
        version=record.version,
        replaced=record.replaced,
        digest=record.version_digest,
        before=before,
        accepts=accepts,
        signature="",
    )


def hexdigest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()
