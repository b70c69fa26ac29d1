"""MLflow's records side: decisions as artifacts of their runs, each sealed, and held against each other."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from slipway.base.atomic import naming, write_text
from slipway.base.documents import Document, parse, read
from slipway.base.errors import Lost, Refused, SlipwayError
from slipway.records.chain import Chain, Entry, Kept, judge
from slipway.records.decision import DecisionRecord
from slipway.records.seal import Link, hexdigest, unsigned
from slipway.registry.artifacts import local_folder, require_own_artifacts
from slipway.registry.embedded import Run
from slipway.registry.parts import MOST, TOO_LARGE, Part, part
from slipway.registry.shown import described
from slipway.registry.tracking import PIPELINE_RUN, Tracking
from slipway.trust.keyless import Keyless, Nobody
from slipway.trust.signing import Allowed, LocalKey, Signer, verified
from slipway.webhook.outbox import announce

RECORD = "slipway.record"
RECORDS = "records"
SEALS = "seals"
SIGNATURE = "slipway.signature"
PART = 5000
"""Characters that every server takes in a tag of a run; a keyless signature has more."""
STATEMENTS = "trust/statements"
"""Below the state folder: what a workflow has to sign, each in a file, where this process has no identity."""


class Seen(Document):
    """The newest records of a line, as this machine saw them last."""

    schema_version: int = 1
    heads: list[Link]


class Decisions(Tracking):
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
            seal = unsigned(record, content, self.name, list(chain.heads), list(accepts))
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
        write_text(self.line.project.state / STATEMENTS / f"{name}.txt", statement.decode())

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
        # One that nobody sealed, put there before ours came, is sealed now.
        return record.id in chain.entries

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
            return sorted(chain.entries.values(), key=lambda one: one.id)
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

    def chain(self) -> Chain:
        """All records of the line, held against each other and against what this machine saw last."""
        runs = self._runs()
        kept = [one for run in runs for one in self._kept(run)]
        ended = {run.id: run.tags[RECORD] for run in runs if run.status == "FINISHED"}
        return judge(kept, self.name, self._signed_by, self.seen(), ended)

    def verify(self) -> Chain:
        """The chain; where nothing is broken, this machine knows its heads from now on."""
        chain = self.chain()
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
        # Of each registry, for a line may have lived in another one before; a URI may hold a password, and
        # that of the embedded one changes with the folder that both lie in.
        where = "embedded" if self.embedded else hexdigest(self.uri.encode())[:8]
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

    def _runs(self, more: str = "", order_by: list[str] | None = None, most: int | None = None) -> list[Run]:
        """The runs of the line that name a record.

        Args:
            more: what a server is to look for beside that.
            most: how many of them at most, for a server that is asked for the first ones.
        """
        if (database := self._database) is not None:
            return database.runs(self.name, RECORD)
        experiment = self.client.get_experiment_by_name(self.name) if self._made else None
        found: list[Run] = []
        token: str | None = None
        while experiment is not None and token != "" and (most is None or len(found) < most):
            page = self.client.search_runs(
                [experiment.experiment_id],
                f"tags.`{RECORD}` != ''{more}",
                max_results=most or 1000,
                order_by=order_by,
                page_token=token,
            )
            found += map(Run.of, page)
            token = page.token or ""
        return found

    def _kept_in(self, run: str) -> list[Kept]:
        return self._kept(self._run(run))

    def _kept(self, run: Run) -> list[Kept]:
        """The records of a run with their seals, as bytes, and with what was signed since."""
        if self.embedded:
            return self._read(run)
        found = self._ended[run.id] if run.id in self._ended else self._read(run)
        if run.status == "FINISHED":
            self._ended[run.id] = found
        return [replace(one, signature=_signature(run.tags, one.id)) for one in found]

    def _read(self, run: Run) -> list[Kept]:
        """What lies in a run; what cannot be read says why, for a file there stops nobody."""
        try:
            records, seals = self._files(run, RECORDS), self._files(run, SEALS)
        except Refused as error:
            return [Kept(run.id, run.tags.get(RECORD, ""), b"", None, fault=str(error))]
        return [
            Kept(
                run.id,
                one,
                records.get(one, Part()).content,
                seals[one].content if one in seals else None,
                fault=records.get(one, Part()).fault or seals.get(one, Part()).fault,
            )
            for one in sorted({*records, *seals})
        ]

    @cached_property
    def _ended(self) -> dict[str, list[Kept]]:
        """What lies in runs that have ended: a server would be asked for the same files again and again."""
        return {}

    def _files(self, run: Run, place: str) -> dict[str, Part]:
        """The files of a place in a run, by their names without `.json`."""
        uri = require_own_artifacts(f"{run.artifacts}/{place}", self.own)
        if (folder := local_folder(uri)) is not None:
            # The folder itself: MLflow asks its database about every file.
            return {path.stem: part(path) for path in folder.glob("*.json")}
        from mlflow.artifacts import list_artifacts

        found = list_artifacts(artifact_uri=uri, tracking_uri=self.uri)
        with TemporaryDirectory() as into:
            return {
                Path(one.path).stem: TOO_LARGE
                if (one.file_size or 0) > MOST
                else part(self.downloaded(f"{run.artifacts}/{one.path}", Path(into)))
                for one in found
                if not one.is_dir
            }


def _signature(tags: Mapping[str, str], record: str) -> str:
    """The signature of a record in the tags of its run, in parts of which the last alone is not full."""
    found = ""
    for number in count():
        part = tags.get(f"{SIGNATURE}.{record}.{number}", "")
        found += part
        if len(part) < PART:
            break
    return found


def _fail(error: SlipwayError) -> None:
    raise error


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True
