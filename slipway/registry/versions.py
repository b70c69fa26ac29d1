"""MLflow's registry side: model versions, their aliases, and the decision records that explain them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from slipway.base.atomic import naming, write_text
from slipway.base.digest import sha256
from slipway.base.documents import parse
from slipway.base.errors import Refused, SlipwayError
from slipway.records.decision import DecisionRecord
from slipway.registry.tracking import ABSENT, FINGERPRINT, PIPELINE_RUN, Tracking
from slipway.trust.keyless import Keyless, Nobody
from slipway.trust.signing import Allowed, Identity, LocalKey, verified
from slipway.version.manifest import MANIFEST, verify
from slipway.version.proven import Proven, prove, statement

Alias = Literal["staging", "canary", "production", "previous"]
DIGEST = "slipway.digest"
BARRED = "slipway.barred"
SIGNATURE = "slipway.signature"
ADOPTED = "slipway.adopted"
RECORD = "slipway.record"
RECORDS = "records"
VERSION_FOLDER = "version"
STATEMENT = "trust/statement.txt"
"""Below the state folder: what a workflow has to sign of the version that was registered last."""


@dataclass(frozen=True)
class ModelVersion:
    """One version in the registry."""

    number: int
    digest: str
    run: str
    barred: str | None
    aliases: tuple[str, ...]
    signature: str | None = None


class Registry(Tracking):
    """The versions of one line. Aliases are resolved to a number once, and the number is passed on."""

    def require_movable(self) -> None:
        """Let the local target move aliases of the embedded registry only: it says nothing about a team's.

        Raises:
            Refused: the registry is a shared one.
        """
        if self.line.project.settings.target == "local" and not self.embedded:
            raise Refused(
                f"the registry is {self.where}; the local target moves aliases of the embedded registry "
                "only: unset MLFLOW_TRACKING_URI and tracking_uri"
            )  # guard registry.embedded

    def register(self, run: str, folder: Path) -> int:
        """Upload a whole version to a run and register it; returns its number.

        Raises:
            SlipwayError: the folder is not a whole version.
        """
        manifest = verify(folder)
        with naming(self.folder):
            self.client.log_artifacts(run, str(folder), VERSION_FOLDER)
        if not self._exists():
            self.client.create_registered_model(self.name, description=self.description)
        # The version comes last, so that a kill before it leaves files of a run and no broken version.
        source = f"{self.client.get_run(run).info.artifact_uri}/{VERSION_FOLDER}"
        digest = sha256(folder / MANIFEST)
        tags = {DIGEST: digest, FINGERPRINT: manifest.data.fingerprint}
        number = int(self.client.create_model_version(self.name, source, run, tags=tags).version)
        # Signed with its number, so after it has one; until then nothing runs it.
        if self.embedded:
            self.sign(number)
        else:
            # For the workflow, which has an identity where this process has none. Of the bytes that were
            # trained here: the registry may hold others by then.
            write_text(self.line.project.state / STATEMENT, statement(self.name, number, digest).decode())
        return number

    def _exists(self) -> bool:
        return self._made and bool(self.client.search_registered_models(f"name = '{self.name}'"))

    def get(self, number: int) -> ModelVersion:
        """One version by its number."""
        from mlflow.exceptions import MlflowException

        absent = f"{self.name}: no version {number} in {self.where}"
        if not self._made:
            raise SlipwayError(absent)
        try:
            one = self.client.get_model_version(self.name, str(number))
        except MlflowException as error:
            if error.error_code != ABSENT:
                raise
            raise SlipwayError(absent) from error
        digest = one.tags.get(DIGEST, "")
        twins = self._twins(number, digest)
        return ModelVersion(
            number=number,
            digest=digest,
            run=str(one.run_id),
            barred=next((twin.tags[BARRED] for twin in twins if BARRED in twin.tags), None),
            aliases=tuple(one.aliases),
            signature=one.tags.get(SIGNATURE),
        )

    def _twins(self, number: int, digest: str) -> list[Any]:
        """A version and those of its digest: the same bits registered twice are barred together."""
        found = self.client.search_model_versions(f"name = '{self.name}'", max_results=10_000)
        return [one for one in found if int(one.version) == number or one.tags.get(DIGEST) == digest]

    def resolve(self, alias: Alias) -> int | None:
        """The number that an alias points at, None where it is not set."""
        if not self._exists():
            return None
        number = self.client.get_registered_model(self.name).aliases.get(alias)
        return None if number is None else int(number)

    def chosen(self, version: int | None) -> int:
        """The number of the version that was named, else of the one in staging.

        Raises:
            Refused: none was named, and none is in staging.
        """
        number = self.resolve("staging") if version is None else version
        if number is None:
            raise Refused(
                f"nothing of {self.name} is in staging; run `slipway train`, or name one: --version NUMBER"
            )  # guard registry.staged
        return number

    def point(self, alias: Alias, number: int | None) -> None:
        """Set an alias, or delete it; a barred version gets no alias that serves traffic.

        Raises:
            Refused: the version is barred, or the registry is not the target's.
        """
        self.require_movable()  # guard registry.embedded
        if number is None:
            self.client.delete_registered_model_alias(self.name, alias)
            return
        if alias != "staging" and (reason := self.get(number).barred):
            raise Refused(f"{self.name} version {number} is barred: {reason}")
        self.client.set_registered_model_alias(self.name, alias, str(number))

    def bar(self, number: int, reason: str) -> None:
        """Keep a version from traffic until `clear`."""
        self.require_movable()  # guard registry.embedded
        self.client.set_model_version_tag(self.name, str(number), BARRED, reason)

    def clear(self, number: int) -> None:
        """Let a barred version, and any with the same bits, be rolled out again."""
        self.require_movable()  # guard registry.embedded
        for twin in self._twins(number, self.get(number).digest):
            if BARRED in twin.tags:
                self.client.delete_model_version_tag(self.name, twin.version, BARRED)

    def download(self, number: int, out: Path) -> Proven:
        """Fetch a whole version into `out`, once it is known who vouches for it, and prove it.

        Raises:
            Refused: nobody who may vouches for it, or its code is not of this project.
            SlipwayError: its files are not those of its digest.
        """
        version, signer = self.get(number), self.vouched(number)
        folder = self.fetch(number, out)
        return prove(folder, version.digest, signer, self.line.project.root, shared=not self.embedded)

    def fetch(self, number: int, out: Path) -> Path:
        """Copy what the registry holds of a version into `out`, whoever put it there; returns the folder."""
        from mlflow.artifacts import download_artifacts

        uri = self.client.get_model_version_download_uri(self.name, str(number))
        out.mkdir(parents=True, exist_ok=True)
        return Path(download_artifacts(artifact_uri=uri, dst_path=str(out), tracking_uri=self.uri))

    def vouched(self, number: int) -> Identity:
        """Who signed a version; the registry alone proves nothing, for whoever writes to it writes its tags.

        Raises:
            Refused: it is not signed by anybody whose signature counts, or was registered as another one.
        """
        version = self.get(number)
        recorded = self.training_record(number).version_digest
        if recorded != version.digest:
            raise Refused(
                f"{self.name} version {number}: its record of registration names the digest "
                f"{str(recorded)[:12]}…, the registry says {version.digest[:12]}…: it was changed, train anew"
            )  # guard trust.recorded
        try:
            return verified(self._statement(version), version.signature, self.allowed)
        except Refused as error:
            advice = f"`slipway adopt-version {number}` shows it"
            if not self.embedded:
                advice = "have the workflow that trained it sign it"
            raise Refused(
                f"{self.name} version {number}: {error}; {advice}, or train anew"
            ) from error  # guard trust.vouched

    def sign(self, number: int) -> None:
        """Vouch for a version of the embedded registry by the key of the state folder."""
        version = self.get(number)
        signature = LocalKey(self.line.project.state).sign(self._statement(version))
        self.client.set_model_version_tag(self.name, str(number), SIGNATURE, signature)

    @property
    def allowed(self) -> Allowed:
        """Whose signature counts here."""
        project = self.line.project
        if self.embedded:
            return LocalKey(project.state)
        if (trust := project.settings.trust) is None:
            return Nobody()
        root = None if trust.trusted_root is None else project.root / trust.trusted_root
        return Keyless(trust.issuer, trust.identity, root)

    def _statement(self, version: ModelVersion) -> bytes:
        return statement(self.name, version.number, version.digest)

    def keep(self, record: DecisionRecord, folder: Path) -> None:
        """Write a decision record as an artifact of its run, where tags of run and version point at it.

        Records are only ever added; the same one may be kept again, by a restart that finishes a move.

        Args:
            folder: takes the file that is uploaded.

        Raises:
            SlipwayError: the record does not hold against its schema, or another stands under its id.
        """
        if record.run is None:
            raise SlipwayError(f"record {record.id} names no run")
        path = folder / f"{record.id}.json"
        content = record.model_dump_json(indent=2).encode()
        # Pydantic does not validate what `model_copy` changes, and a record cannot be mended later.
        parse(content, DecisionRecord, f"record {record.id}")  # guard record.schema
        self.client.set_tag(record.run, RECORD, record.id)  # first: a record without it would not be found
        if not self.holds(record):
            path.write_bytes(content)
            with naming(self.folder):
                self.client.log_artifact(record.run, str(path), RECORDS)
        if record.version is not None:
            tag = f"{RECORD}.{record.id}"
            self.client.set_model_version_tag(self.name, str(record.version), tag, record.decision)

    def holds(self, record: DecisionRecord) -> bool:
        """Whether the record is there already; one that a killed process cut off counts for nothing.

        Raises:
            SlipwayError: another record stands under its id.
        """
        run, name = record.run or "", f"{RECORDS}/{record.id}.json"
        if name not in self._names(run):
            return False
        before = self.artifact(run, name).read_bytes()
        if not _is_json(before):
            return False
        if parse(before, DecisionRecord, f"run {run}: {name}") != record:
            # guard record.unchanged
            raise SlipwayError(f"run {run}: {name} is kept and says something else; no record is changed")
        return True

    def last_record(self) -> str | None:
        """The id of the newest decision record, None where there is none."""
        experiment = self.client.get_experiment_by_name(self.name) if self._made else None
        if experiment is None:
            return None
        any_record, newest_first = f"tags.`{RECORD}` != ''", [f"tags.`{RECORD}` DESC"]
        found = self.client.search_runs(
            [experiment.experiment_id], any_record, max_results=1, order_by=newest_first
        )
        return str(found[0].data.tags[RECORD]) if found else None

    def records(
        self, pipeline_run: str | None = None, skip: Callable[[SlipwayError], None] | None = None
    ) -> list[DecisionRecord]:
        """The decision records, oldest first; of one pipeline run, or all.

        Args:
            skip: told of each that cannot be read, such as a newer slipway's; without it that is an error.
        """
        experiment = self.client.get_experiment_by_name(self.name) if self._made else None
        if experiment is None:
            return []
        only = f" and tags.`{PIPELINE_RUN}` = '{pipeline_run}'" if pipeline_run else ""
        found: list[DecisionRecord] = []
        token: str | None = None
        while token != "":
            page = self.client.search_runs(
                [experiment.experiment_id], f"tags.`{RECORD}` != ''{only}", page_token=token
            )
            found += [record for run in page for record in self._records_of(run.info.run_id, skip)]
            token = page.token or ""
        # An id begins with the moment of its decision, and grows even where the clock is set back.
        return sorted(found, key=lambda record: record.id)

    def _records_of(
        self, run: str, skip: Callable[[SlipwayError], None] | None = None
    ) -> list[DecisionRecord]:
        found = []
        for name in self._names(run):
            try:
                found.append(
                    parse(self.artifact(run, name).read_bytes(), DecisionRecord, f"run {run}: {name}")
                )
            except SlipwayError as error:
                if skip is None:
                    raise
                skip(error)
        return found

    def _names(self, run: str) -> list[str]:
        return [file.path for file in self.client.list_artifacts(run, RECORDS)]

    def training_record(self, number: int) -> DecisionRecord:
        """The record of the training run that registered a version."""
        for record in self._records_of(self.get(number).run):
            if (record.decision, record.version) == ("registered", number):
                return record
        raise SlipwayError(f"{self.name} version {number}: its run kept no record of its registration")


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True
