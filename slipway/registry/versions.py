"""MLflow's registry side: model versions and their aliases, which decision records explain."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from slipway.base.atomic import naming
from slipway.base.digest import sha256
from slipway.base.errors import Refused, UsageError
from slipway.records.decision import DecisionRecord
from slipway.records.explained import State, Verdict, barred, require_recorded, require_signed, unexplained
from slipway.records.kept import Chain, Entry
from slipway.registry import turns
from slipway.registry.artifacts import require_own_artifacts
from slipway.registry.decisions import Decisions
from slipway.registry.kept_records import SIGNATURE
from slipway.registry.mlmodel import inside, write_mlmodel
from slipway.registry.model_version import BARRED, DIGEST, ModelVersion, held
from slipway.registry.tracking import FINGERPRINT
from slipway.trust.signing import Identity, LocalKey, verified
from slipway.version.manifest import MANIFEST, verify
from slipway.version.proven import Proven, prove, statement

Alias = Literal["staging", "canary", "production", "previous"]
DIGITS = re.compile(r"[0-9a-f]{64}")
ADOPTED = "slipway.adopted"
MODEL_FOLDER = "model"
"""Of a run, what MLflow loads; before, the version alone lay in `version`."""


class Registry(Decisions):
    """The versions of one line. Aliases are resolved to a number once, and the number is passed on."""

    def require_movable(self) -> None:
        """Let only the target that `project.yaml` binds to a registry move its aliases, one at a time.

        Raises:
            Refused: none is bound to it, or nothing keeps two who move production at once apart.
        """
        if self.line.project.target is None:
            raise Refused(
                f"the registry is {self.where}, and no target of project.yaml moves its aliases: the local "
                "one moves those of the embedded registry only; bind another (targets: {NAME: ADDRESS}), or "
                "unset MLFLOW_TRACKING_URI and tracking_uri"
            )  # guard registry.embedded
        turns.bind(self.line)

    def register(self, run: str, folder: Path) -> int:
        """Upload a whole version to a run and register it; returns its number.

        Raises:
            SlipwayError: the folder is not a whole version.
        """
        manifest, place = verify(folder), self.artifacts(run)
        self._upload_version(run, folder)
        if not self._exists():
            self.client.create_registered_model(self.name, description=self._described)
        # The version comes last, so that a kill before it leaves files of a run and no broken version.
        source = f"{place}/{MODEL_FOLDER}"
        digest = sha256(folder / MANIFEST)
        tags = {DIGEST: digest, FINGERPRINT: manifest.data.fingerprint}
        number = int(self.client.create_model_version(self.name, source, run, tags=tags).version)
        # Signed with its number, so after it has one; until then nothing runs it.
        if self.embedded:
            self.sign(number, digest)
        else:
            self.to_sign(f"version-{self.name}-{number}", statement(self.name, number, digest))
        return number

    def _upload_version(self, run: str, folder: Path) -> None:
        """Lay a version into its run, as MLflow loads it."""
        with TemporaryDirectory() as temporary:
            model = Path(temporary) / MODEL_FOLDER
            write_mlmodel(folder, model)
            with naming(self.folder):
                self.client.log_artifacts(run, str(model), MODEL_FOLDER)

    @property
    def _described(self) -> str:
        system, size = self.line.system, self.line.size
        return (
            f"{self.description}\n\nThe versions of `{system}` at size {size}. Rollouts move the aliases "
            f"`production` and `previous`; `slipway history --system {system} --size {size}` tells why."
        )

    def _exists(self) -> bool:
        return self._made and bool(self.client.search_registered_models(f"name = '{self.name}'"))

    def get(self, number: int) -> ModelVersion:
        """One version by its number.

        Raises:
            UsageError: there is none.
        """
        found = self._versions()  # once, for tags may change between two reads
        if (one := next((one for one in found if int(one.version) == number), None)) is None:
            raise UsageError(f"{self.name}: no version {number} in {self.where}")  # guard registry.version
        return ModelVersion.of(one, _twins(found, number, one.tags.get(DIGEST, "")), self._aliases())

    def all(self) -> list[ModelVersion]:
        """Every version, by its number."""
        found, aliases = self._versions(), self._aliases()
        by_number = sorted(found, key=lambda one: int(one.version))
        return [
            ModelVersion.of(one, _twins(found, int(one.version), one.tags.get(DIGEST, "")), aliases)
            for one in by_number
        ]

    def twin(self, digest: str, run: str) -> ModelVersion | None:
        """The newest version of these bits that a pipeline run before this one has registered.

        A version without a record, as a kill leaves one, counts for nothing.
        """
        chain = self.chain()
        known = {
            one.version
            for one in (*chain.entries.values(), *chain.waiting)
            if (one.decision, one.digest) == ("registered", digest) and not one.id.endswith(f"-{run}")
        }
        numbers = [int(one.version) for one in self._versions() if one.tags.get(DIGEST) == digest]
        newest = max((one for one in numbers if one in known), default=None)
        return None if newest is None else self.get(newest)

    def _versions(self) -> list[Any]:
        if (database := self._database) is not None:
            return database.versions(self.name)
        return (
            []
            if not self._exists()
            else list(self.client.search_model_versions(f"name = '{self.name}'", max_results=10_000))
        )

    def resolve(self, alias: Alias) -> int | None:
        """The number that an alias points at, None where it is not set."""
        return self._aliases().get(alias)

    def _aliases(self) -> dict[str, int]:
        if (database := self._database) is not None:
            return database.aliases(self.name)
        found = self.client.get_registered_model(self.name).aliases if self._exists() else {}
        return {alias: int(number) for alias, number in found.items()}

    def explained(self, alias: Literal["production", "previous"], chain: Chain | None = None) -> int | None:
        """The number that an alias points at, if it is the one that the records put there.

        Args:
            chain: as for `vouched`.

        Raises:
            Refused: somebody moved it by hand, or the records are not those that were kept.
        """
        return require_recorded(self.require_intact(chain), self.name, alias, self._aliases())

    def require_signed(self) -> None:
        """Let what has to earn production wait until the moves before it are signed; a rollback does not.

        Raises:
            Refused: one of them is not.
        """
        if not self.embedded:
            require_signed(self.chain(), self.name)

    def chosen(self, version: int | None) -> int:
        """The number of the version that was named, else of the one in staging.

        Raises:
            Refused: none was named, and none is in staging.
            UsageError: there is no such version.
        """
        number = self.resolve("staging") if version is None else self.get(version).number
        if number is None:
            raise Refused(
                f"nothing of {self.name} is in staging; run `slipway train`, or name one: --version NUMBER"
            )  # guard registry.staged
        return number

    def point(self, alias: Alias, number: int | None) -> None:
        """Set an alias, or delete it; a barred version gets no alias that serves traffic.

        Raises:
            Refused: the version is barred, or as for `require_movable`; but `staging`, which decides nothing,
                is set on every registry.
        """
        if alias != "staging":
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

    def unstage_barred(self) -> None:
        """Take `staging` from a version that is barred: nobody may roll it out."""
        staged = self.resolve("staging")
        if staged is not None and self.get(staged).barred is not None:
            self.point("staging", None)

    def clear(self, number: int) -> None:
        """Let a barred version, and any with the same bits, be rolled out again."""
        self.require_movable()  # guard registry.embedded
        for twin in _twins(self._versions(), number, self.get(number).digest):
            if BARRED in twin.tags:
                self.client.delete_model_version_tag(self.name, twin.version, BARRED)

    def download(self, number: int, out: Path) -> Proven:
        """Fetch a whole version into `out`, once it is known who vouches for it, and prove it.

        Raises:
            Refused: as for `vouched`, or its code is not of this project.
            SlipwayError: its files are not those of its digest.
        """
        version = self.get(number)
        signer = self.vouched(version)
        folder = self.fetch(number, out)
        return prove(folder, version.digest, signer, self.line.project.root, shared=not self.embedded)

    def fetch(self, number: int, out: Path) -> Path:
        """Copy what the registry holds of a version into `out`, whoever put it there; returns the folder."""
        from mlflow.artifacts import download_artifacts

        uri = require_own_artifacts(
            self.client.get_model_version_download_uri(self.name, str(number)), self.own
        )
        out.mkdir(parents=True, exist_ok=True)
        return inside(Path(download_artifacts(artifact_uri=uri, dst_path=str(out), tracking_uri=self.uri)))

    def vouched(self, version: ModelVersion, chain: Chain | None = None) -> Identity:
        """Who signed a version; the registry alone proves nothing, for whoever writes to it writes its tags.

        Args:
            version: as `get` found it, and as it is used then: read anew, its tags may say something else.
            chain: the records of the line, where they were read already.

        Raises:
            Refused: as for `training_record`; it is not signed by anybody whose signature counts, or was
                registered as another one.
        """
        number, recorded = version.number, self._trained(version, chain).version_digest
        if not DIGITS.fullmatch(version.digest):
            raise Refused(
                f"{self.name} version {number}: its tag {DIGEST} is {version.digest[:80]!r}, "
                "expected 64 hex digits: it was changed, train anew"
            )  # guard version.digest_digits
        if recorded != version.digest:
            raise Refused(
                f"{self.name} version {number}: its record of registration names the digest "
                f"{str(recorded)[:12]}…, the registry says {version.digest[:12]}…: it was changed, train anew"
            )  # guard trust.recorded
        try:
            said = statement(self.name, number, version.digest)
            return verified(said, version.signature, self.allowed)
        except Refused as error:
            advice = f"`slipway adopt-version {number}` shows it"
            if not self.embedded:
                advice = "have the workflow that trained it sign it"
            raise Refused(
                f"{self.name} version {number}: {error}; {advice}, or train anew"
            ) from error  # guard trust.vouched

    def sign(self, number: int, digest: str) -> None:
        """Vouch for a version of the embedded registry by the key of the state folder.

        Args:
            digest: of what was looked at, whatever the registry says now.
        """
        signature = LocalKey(self.line.project.state).sign(statement(self.name, number, digest))
        self.client.set_model_version_tag(self.name, str(number), SIGNATURE, signature)

    def verdict(self, remember: bool = False) -> Verdict:
        """Whether the records are those that were kept, and explain what the registry holds.

        Args:
            remember: read all anew, and let this machine know the newest of an intact chain from now on.
        """
        chain = self.verify(fresh=True) if remember else self.chain()
        return Verdict(chain, unexplained(chain, self._state()))

    def _state(self) -> State:
        found = self._versions()
        return State(
            production=self.resolve("production"),
            previous=self.resolve("previous"),
            versions=[held(one) for one in sorted(found, key=lambda one: int(one.version))],
            moving=turns.look(self.line).begun is not None,
        )

    def training_record(self, number: int, chain: Chain | None = None) -> DecisionRecord:
        """The record of the training run that registered a version, which names its digest.

        Args:
            chain: as for `vouched`.

        Raises:
            Refused: the records are not those that were kept, none registers this version, or one bars it and
                its bar was taken away.
        """
        return self._trained(self.get(number), chain)

    def _trained(self, version: ModelVersion, chain: Chain | None) -> DecisionRecord:
        chain = self.require_intact(chain)
        record = self.registered(version, chain)
        bar = barred(chain).get(record.digest or "")
        if bar is not None and bar.kept.seal and version.barred is None:
            raise Refused(
                f"{self.name} version {version.number}: record {bar.id} barred it, and its bar was taken "
                f"away; if that is well, `slipway clear --version {version.number} --reason ...`"
            )  # guard version.bar_kept
        return self.read(record)

    def registered(self, version: ModelVersion, chain: Chain) -> Entry:
        """The one record of the registration of a version, which may be barred.

        Raises:
            Refused: there is none, or it is about another run.
        """
        number, found = version.number, chain.registered(version.number)
        what = f"{self.name} version {number}"
        if len(found) != 1:
            waits = [one.id for one in chain.waiting if (one.decision, one.version) == ("registered", number)]
            advice = f"; have the workflow that trained it sign {waits[0]}, or train anew" if waits else ""
            raise Refused(
                f"{what}: {len(found)} signed records say that it was registered, expected 1{advice}"
            )  # guard version.recorded
        [record] = found
        if record.kept.run != version.run:
            raise Refused(
                f"{what} is of run {version.run}, but record {record.id} registered one of {record.kept.run}"
            )  # guard version.recorded_run
        return record


def _twins(found: list[Any], number: int, digest: str) -> list[Any]:
    """A version and those of its digest: the same bits registered twice are barred together."""
    return [one for one in found if int(one.version) == number or one.tags.get(DIGEST) == digest]
