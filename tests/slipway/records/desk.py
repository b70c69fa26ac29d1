"""Somebody who keeps sealed records, without a registry."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from slipway.records.chain import judge
from slipway.records.decision import DecisionRecord
from slipway.records.kept import Chain, Kept
from slipway.records.seal import Link, hexdigest, unsigned
from slipway.trust.signing import LocalKey, verified
from tests.slipway.report import sample

LINE = "demo.ad_click"


class Desk:
    """Somebody who keeps records, and whose signature counts unless it is held against another's."""

    def __init__(self, folder: Path) -> None:
        self.key = LocalKey(folder)
        self.kept: list[Kept] = []
        self.now = 0

    def signed_by(self, content: bytes, signature: str) -> str:
        """Who signed, if it was this desk."""
        return str(verified(content, signature, self.key))

    def keep(
        self,
        decision: str = "refused",
        version: int | None = None,
        over: Sequence[Kept] | None = None,
        **more: object,
    ) -> Kept:
        """Keep a record that names what lies here, or what lies elsewhere, as its past."""
        self.now += 1
        record = sample.record(
            **{
                "id": f"{self.now:03d}-r",
                "run": f"run{self.now}",
                "decision": decision,
                "version": version,
                "replaced": None,
                "version_digest": f"digest{version}",
                "evaluation": None,
                "canary": None,
                **more,
            }
        )
        past = self.judged() if over is None else judge(over, LINE, self.signed_by)
        made = self.sealed(record, list(past.heads))
        self.kept.append(made)
        return made

    def sealed(self, record: DecisionRecord, before: list[Link], accepts: Sequence[str] = ()) -> Kept:
        """A record with its seal."""
        content = record.model_dump_json(indent=2).encode()
        seal = unsigned(record, content, LINE, before, list(accepts))
        signed = seal.model_copy(update={"signature": self.key.sign(seal.statement())})
        return Kept(record.run or "", record.id, content, signed.model_dump_json(indent=2).encode())

    def sealed_link(self, place: int) -> Link:
        """As the others name a record."""
        one = self.kept[place]
        return Link(id=one.id, sha256=hexdigest(one.seal or one.content))

    def judged(self, **given: object) -> Chain:
        """What there is to say of what lies here."""
        return judge(self.kept, LINE, self.signed_by, **given)  # type: ignore[arg-type]


def lived(folder: Path) -> Desk:
    """Four records: a registration, a first version, a refusal, a promotion."""
    made = Desk(folder)
    for decision, version, replaced in (
        ("registered", 1, None),
        ("first", 1, None),
        ("refused", None, 1),
        ("promote", 2, 1),
    ):
        made.keep(decision, version, replaced=replaced)
    return made


def said(chain: Chain) -> list[tuple[str, str]]:
    """What is broken, and of which record."""
    return [(one.kind, one.of) for one in chain.breaks]


def edited(one: Kept, **changes: object) -> Kept:
    """Its record with other content."""
    return replace(one, content=json.dumps(json.loads(one.content) | changes).encode())
