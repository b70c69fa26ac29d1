"""MLflow's records side: decisions as artifacts of their runs, each sealed, and held against each other."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from slipway.base.addresses import name_of
from slipway.base.atomic import naming, write_text
from slipway.base.documents import Document, parse, read
from slipway.base.errors import Lost, Refused, SlipwayError
from slipway.records.chain import judge
from slipway.records.decision import DecisionRecord
from slipway.records.kept import Chain, Entry
from slipway.records.seal import PURPOSE, Link, Seal, hexdigest, unsigned
from slipway.registry import turns
from slipway.registry.kept_records import RECORD, RECORDS, SEALS, KeptRecords
from slipway.registry.shown import described
from slipway.registry.tracking import PIPELINE_RUN
from slipway.trust.keyless import Keyless, Nobody
from slipway.trust.signing import Allowed, LocalKey, Signer, verified
from slipway.webhook.outbox import announce

STATEMENTS = "trust/statements"
"""Below `Project.kept_of`: what a workflow has to sign, each in a file, for nobody here has an identity."""


class Seen(Document):
    """The newest records of a line, as this machine saw them last."""

    schema_version: int = 1
    heads: list[Link]


class Decisions(KeptRecords):
    """The decision records of one line."""

    @cached_property
    def signer(self) -> Signer | None:
        """Who signs what is decided here; None where a workflow does that afterwards, see `to_sign`."""
        return LocalKey(self.line.project.state) if self.embedded else None

    @cached_property
    def allowed(self) -> Allowed:
        """Whose signature counts here."""
        project = self.line.project
        if self.embedded:
            return LocalKey(project.state)
        if (trust := project.settings.trust) is None:
            return Nobody()
        root = None if trust.trusted_root is None else project.root / trust.trusted_root
        return Keyless(trust.issuer, trust.identity, root)

    def keep(self, record: DecisionRecord, folder: Path, accepts: Sequence[str] = ()) -> None:
        """Write a decision record as an artifact of its run, where tags of run and version point at it.

        Records are only ever added; the same one may be kept again, by a restart that finishes a move.

        Args:
            folder: takes the file that is uploaded.
            accepts: breaks of the chain that this record says are known; see `Seal`.

        Raises:
            SlipwayError: the record does not hold against its schema, or another stands under its id.
        """
        if record.run is None:
            raise SlipwayError(f"record {record.id} names no run")
        content = record.model_dump_json(indent=2).encode()
        # Pydantic does not validate what `model_copy` changes, and a record cannot be mended later.
        parse(content, DecisionRecord, f"record {record.id}")  # guard record.schema
        self.client.set_tag(record.run, RECORD, record.id)  # first: a record without it would not be found
        chain = self.chain()
        if not self._held(record, chain):
            before = list(chain.before(record.decision))
            seal = unsigned(record, content, self.name, before, list(accepts))
            if self.signer is not None:
                seal = seal.model_copy(update={"signature": self.signer.sign(seal.statement())})
            else:
                self.to_sign(record.id, seal.statement())
            sealed = seal.model_dump_json(indent=2).encode()
            announce(self.line, record, content, decided=False)
            # The seal first: it says nothing without its record, and nobody sees a record without its seal.
            self._upload(record.run, SEALS, folder / SEALS / f"{record.id}.json", sealed)
            self._upload(record.run, RECORDS, folder / f"{record.id}.json", content)
            announce(self.line, record, content, decided=True)
            if seal.signature:
                self._remember([Link(id=record.id, sha256=hexdigest(sealed))], seal.before)
        if record.version is not None:
            tag = f"{RECORD}.{record.id}"
            self.client.set_model_version_tag(self.name, str(record.version), tag, record.decision)
            self.client.update_model_version(self.name, str(record.version), self.described(record))

    def described(self, record: DecisionRecord) -> str:
        """A decision as its run and its version show it."""
        return described(record, self._experiment(self.name))

    def to_sign(self, name: str, statement: bytes) -> None:
        """Leave what a workflow has to sign; `make sign-statements` does, and asks the registry nothing.

        So it is what was decided or trained here: the registry may hold something else by then.
        """
        write_text(self.statements / f"{name}.txt", statement.decode())

    @property
    def statements(self) -> Path:
        """The folder of what is to be signed."""
        return self.line.project.kept_of(self.uri) / STATEMENTS

    def to_be_signed(self, record: str) -> Link | None:
        """A record that was left to be signed here, by the seal that was made here; None where there is none.

        Whatever the registry holds meanwhile: anybody may write there.
        """
        path = self.statements / f"{record}.txt"
        if not path.is_file():
            return None
        said = json.loads(path.read_bytes().removeprefix(PURPOSE))
        seal = Seal.model_validate({**said, "signature": ""})
        return Link(id=record, sha256=hexdigest(seal.model_dump_json(indent=2).encode()))

    def _upload(self, run: str, place: str, path: Path, content: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        self.artifacts(run)
        with naming(self.folder):
            self.client.log_artifact(run, str(path), place)

    def holds(self, record: DecisionRecord) -> bool:
        """Whether the record is there already; one that a killed process cut off counts for nothing.

        Raises:
            SlipwayError: another record stands under its id.
        """
        return self._held(record, self.chain())

    def _held(self, record: DecisionRecord, chain: Chain) -> bool:
        run, name = record.run or "", f"{RECORDS}/{record.id}.json"
        found = [one.content for one in self._kept_in(run) if one.id == record.id and _is_json(one.content)]
        if not found:
            return False
        if parse(found[0], DecisionRecord, f"run {run}: {name}") != record:
            # guard record.unchanged
            raise SlipwayError(f"run {run}: {name} is kept and says something else; no record is changed")
        if record.id in chain.known:
            return True
        # One that nobody sealed, put there before ours came, is sealed now. Ours is not sealed for a second
        # time: another one may name it, and somebody may be about to sign it.
        own = self.to_be_signed(record.id)
        return own is not None and own in [one.link for one in chain.waiting]

    def last_record(self) -> str | None:
        """The id that the tags of runs name as the newest, None where there is none; nothing is verified."""
        runs = self._runs(order_by=[f"tags.`{RECORD}` DESC"], most=1)
        return max((run.tags[RECORD] for run in runs), default=None)

    def records(
        self, pipeline_run: str | None = None, skip: Callable[[SlipwayError], None] | None = None
    ) -> list[DecisionRecord]:
        """The decision records that hold, oldest first; of one pipeline run, or all.

        Args:
            skip: told of each that does not hold, as `Lost` where it was kept here, or that cannot be read,
                such as a newer slipway's; without it that is an error.
        """
        tell = skip or _fail
        found = (self.readable(one, tell) for one in self.entries(pipeline_run, tell))
        return [one for one in found if one is not None]

    def entries(
        self, pipeline_run: str | None = None, tell: Callable[[SlipwayError], None] | None = None
    ) -> list[Entry]:
        """The records that hold, oldest first, without what they say: to read each takes a millisecond.

        Args:
            tell: as `skip` of `records`.
        """
        chain = self.chain()
        if pipeline_run is None:
            for fault in chain.breaks:
                (tell or _fail)((Lost if fault.perhaps_lost else SlipwayError)(f"{self.name}: {fault}"))
            return list(chain.known.values())
        more = f" and tags.`{PIPELINE_RUN}` = '{pipeline_run}'"
        runs = {one.id for one in self._runs(more) if one.tags.get(PIPELINE_RUN) == pipeline_run}
        # Of a run that has just ended, who asks is who ran it: a workflow signs only once it knows the end.
        own = () if self.embedded else chain.waiting
        found = [one for one in (*chain.entries.values(), *own) if one.kept.run in runs]
        return sorted(found, key=lambda one: one.id)

    def readable(self, entry: Entry, tell: Callable[[SlipwayError], None]) -> DecisionRecord | None:
        """What a record says; None where it cannot be read, which is told."""
        try:
            return self.read(entry)
        except SlipwayError as error:
            tell(error)
            return None

    def read(self, entry: Entry) -> DecisionRecord:
        """A record that holds; its run is the one that it lies in, for it may have been carried here."""
        kept = entry.kept
        found = parse(kept.content, DecisionRecord, f"run {kept.run}: {RECORDS}/{kept.id}.json")
        return found.model_copy(update={"run": kept.run})

    def chain(self, fresh: bool = False) -> Chain:
        """All records of the line, held against each other and against what this machine saw last.

        Args:
            fresh: of what lies in the registry now, without copies of what held before.
        """
        runs = self._runs()
        kept = [one for run in runs for one in self._kept(run, fresh)]
        ended = {run.id: run.tags[RECORD] for run in runs if run.status == "FINISHED"}
        chain = judge(kept, self.name, self._signed_by, self.seen(), ended, self._leased())
        self._copy(runs, kept, chain)
        return chain

    def _leased(self) -> Link | None:
        """The record that moved production last, as the lease names it where nobody had signed it."""
        if self.embedded or self.uri != self.line.project.tracking_uri:
            return None
        with suppress(SlipwayError):  # without a lease, nothing counts that is not signed
            return turns.look(self.line).sealed
        return None

    def verify(self, fresh: bool = False) -> Chain:
        """The chain; where nothing is broken, this machine knows its heads from now on."""
        chain = self.chain(fresh)
        if not chain.breaks and chain.begun:
            self._remember(chain.heads, self.seen())
        return chain

    def require_intact(self, chain: Chain | None = None) -> Chain:
        """The chain, if nothing of it is lost. What was added counts for nothing, and stops nobody.

        Args:
            chain: as it was read already.

        Raises:
            Refused: somebody changed or removed a record, or put an older state of all of it back.
        """
        chain = chain or self.verify()
        if losses := chain.losses:
            more = f", and {len(losses) - 1} more" if len(losses) > 1 else ""
            raise Refused(
                f"{self.name}: its decision records are not those that were kept: {losses[0]}{more}; "
                "see `slipway history --verify`"
            )  # guard chain.intact
        return chain

    def _signed_by(self, content: bytes, signature: str) -> str:
        return str(verified(content, signature, self.allowed))

    @property
    def _seen(self) -> Path:
        # Of each registry, for a line may have lived in another one before; the address of the embedded one
        # changes with the folder that both lie in.
        where = "embedded" if self.embedded else name_of(self.uri)
        return self.line.project.state / "heads" / f"{self.line.name}-{where}.json"

    def seen(self) -> list[Link]:
        """The newest records when this machine looked last."""
        return read(self._seen, Seen).heads if self._seen.is_file() else []

    def _remember(self, heads: Sequence[Link], instead: Sequence[Link]) -> None:
        """Know the heads from now on, in the place of those that they came after."""
        known = self.seen()
        # Another process may have kept a record meanwhile.
        found = [*heads, *(one for one in known if one not in instead and one not in heads)]
        if found != known:
            write_text(self._seen, Seen(heads=found).model_dump_json(indent=2))


def _fail(error: SlipwayError) -> None:
    raise error


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True
