"""A decision as it is told to others, signed by the convention of Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from slipway.base.addresses import masked
from slipway.base.documents import Document
from slipway.base.errors import UsageError
from slipway.base.strict import Moment, Strict
from slipway.records.decision import Decision, DecisionRecord

VARIABLE = "SLIPWAY_WEBHOOK_SECRET"
MARK = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret, as the convention has it."""
REASON = 1000
"""Characters of a reason that are told; the record has all of it."""


class Told(Document):
    """What is said of a decision; its record says the rest.

    Attributes:
        line: registered name of the model.
        sha256: of the record, byte for byte, as its seal has it.
    """

    schema_version: Literal[1] = 1
    project: str
    line: str
    system: str
    size: str
    decision: Decision
    version: int | None
    replaced: int | None
    reason: str
    record: str
    sha256: str
    run: str | None


class Message(Strict):
    """The body that is sent."""

    type: Annotated[str, Field(description="`decision.` and what was decided")]
    timestamp: Annotated[Moment, Field(description="of the decision; that of the headers is of the sending")]
    data: Told


def message(record: DecisionRecord, sha256: str, project: str, line: str) -> Message:
    """What is told of a record.

    Args:
        sha256: of the record as it is kept.
        line: its registered name.
    """
    told = Told(
        project=project,
        line=line,
        system=record.system,
        size=record.size,
        decision=record.decision,
        version=record.version,
        replaced=record.replaced,
        reason=masked(record.reason)[:REASON],
        record=record.id,
        sha256=sha256,
        run=record.run,
    )
    return Message(type=f"decision.{record.decision}", timestamp=record.at, data=told)


def key(secret: str | None) -> bytes:
    """The bytes of a secret as it stands in the environment.

    Raises:
        UsageError: there is none, or it is none; it is never shown.
    """
    expected = f"expected {MARK} and {SHORTEST} to {LONGEST} bytes in base64"
    if not secret:
        raise UsageError(f"{VARIABLE} is not set, {expected}")  # guard webhook.secret
    try:
        found = base64.b64decode(secret.removeprefix(MARK), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not (secret.startswith(MARK) and SHORTEST <= len(found) <= LONGEST):
        # guard webhook.secret
        raise UsageError(f"{VARIABLE}: found {len(secret)} characters that are no secret, {expected}")
    return found


def headers(body: str, name: str, at: datetime, secret: bytes) -> Mapping[str, str]:
    """The headers by which a receiver knows who sent a body, and whether it was seen before.

    Args:
        name: of the message, the same whenever it is sent again.
        at: when it is sent; receivers refuse what is old, so that nobody sends it a second time.
    """
    sent = str(int(at.timestamp()))
    digest = hmac.digest(secret, f"{name}.{sent}.{body}".encode(), "sha256")
    return {
        "webhook-id": name,
        "webhook-timestamp": sent,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
