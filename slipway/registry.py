"""MLflow: model versions, their aliases, and the runs that hold decision records."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from slipway.errors import Refused, SlipwayError
from slipway.project import Project, line
from slipway.records import DecisionRecord
from slipway.settings import Size
from slipway.version.manifest import MANIFEST, sha256, verify

Alias = Literal["staging", "canary", "production", "previous"]
DIGEST = "slipway.digest"
BARRED = "slipway.barred"
FINGERPRINT = "slipway.data_fingerprint"
RECORD = "slipway.record"
PIPELINE_RUN = "slipway.pipeline_run"
RECORDS = "records"
VERSION_FOLDER = "version"


@dataclass(frozen=True)
class ModelVersion:
    """One version in the registry."""

    number: int
    digest: str
    run: str
    barred: str | None
    aliases: tuple[str, ...]


class Registry:
    """The versions of one line. Aliases are resolved to a number once, and the number is passed on."""

    def __init__(self, project: Project, system: str, size: Size) -> None:
        self.uri = project.tracking_uri
        self.embedded = self.uri == project.embedded_tracking_uri
        self.folder = project.state / "registry"
        self.name = f"{project.settings.name}.{line(system, size)}"

    @cached_property
    def client(self) -> Any:
        """The MLflow client; the embedded registry is made on first use."""
        import mlflow

        if self.embedded:
            self.folder.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(self.uri)
        return mlflow.MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def require_embedded(self) -> None:
        """Let only the embedded registry's aliases move; traffic on a laptop says nothing about a team's.

        Raises:
            Refused: the registry is a shared one.
        """
        if not self.embedded:
            raise Refused(
                f"rollout_target is local, the registry is {self.uri}; the local target moves aliases of the "
                "embedded registry only: unset MLFLOW_TRACKING_URI and tracking_uri, or bind a cluster target"
            )

    @property
    def _made(self) -> bool:
        """Looking must not make an embedded registry."""
        return not self.embedded or (self.folder / "mlflow.db").is_file()

    def _experiment(self) -> str:
        """The id of the experiment that holds this line's runs, made on first use."""
        found = self.client.get_experiment_by_name(self.name)
        if found is not None:
            return str(found.experiment_id)
        place = (self.folder / "artifacts").as_uri() if self.embedded else None
        return str(self.client.create_experiment(self.name, artifact_location=place))

    def start_run(self, name: str, pipeline_run: str, fingerprint: str) -> str:
        """Attach to the run that a Kubeflow server injected, else open one; returns its id."""
        import os

        run = os.environ.get("MLFLOW_RUN_ID")
        if run is None:
            run = str(self.client.create_run(self._experiment(), run_name=name).info.run_id)
        self.client.set_tag(run, PIPELINE_RUN, pipeline_run)
        self.client.set_tag(run, FINGERPRINT, fingerprint)
        return run

    def end_run(self, run: str, status: Literal["FINISHED", "FAILED"] = "FINISHED") -> None:
        """Mark a run as ended."""
        self.client.set_terminated(run, status)

    def log(self, run: str, params: dict[str, Any], metrics: dict[str, float]) -> None:
        """Parameters and metrics of a run, in one call."""
        from mlflow.entities import Metric, Param

        at = int(time.time() * 1000)
        self.client.log_batch(
            run,
            metrics=[Metric(name, value, at, 0) for name, value in metrics.items()],
            params=[Param(name, str(value)[:500]) for name, value in params.items()],
        )

    def log_file(self, run: str, path: Path) -> None:
        """Keep one file as an artifact of a run."""
        self.client.log_artifact(run, str(path))

    def register(self, run: str, folder: Path) -> int:
        """Upload a whole version to a run and register it; returns its number.

        Raises:
            SlipwayError: the folder is not a whole version.
        """
        manifest = verify(folder)
        self.client.log_artifacts(run, str(folder), VERSION_FOLDER)
        if not self._exists():
            self.client.create_registered_model(self.name)
        source = f"{self.client.get_run(run).info.artifact_uri}/{VERSION_FOLDER}"
        tags = {DIGEST: sha256(folder / MANIFEST), FINGERPRINT: manifest.data.fingerprint}
        made = self.client.create_model_version(self.name, source, run, tags=tags)
        return int(made.version)

    def _exists(self) -> bool:
        return self._made and bool(self.client.search_registered_models(f"name = '{self.name}'"))

    def get(self, number: int) -> ModelVersion:
        """One version by its number."""
        from mlflow.exceptions import MlflowException

        try:
            one = self.client.get_model_version(self.name, str(number))
        except MlflowException as error:
            raise SlipwayError(f"{self.name}: no version {number} in {self.where}") from error
        digest = one.tags.get(DIGEST, "")
        twins = self._twins(digest)
        return ModelVersion(
            number=number,
            digest=digest,
            run=str(one.run_id),
            barred=next((twin.tags[BARRED] for twin in twins if BARRED in twin.tags), None),
            aliases=tuple(one.aliases),
        )

    def _twins(self, digest: str) -> list[Any]:
        """The versions with one digest: the same bits registered twice are barred together."""
        found = self.client.search_model_versions(f"name = '{self.name}'", max_results=10_000)
        return [one for one in found if one.tags.get(DIGEST) == digest]

    @property
    def where(self) -> str:
        """The registry in words."""
        return "the embedded registry" if self.embedded else self.uri

    def resolve(self, alias: Alias) -> int | None:
        """The number that an alias points at, None where it is not set."""
        if not self._exists():
            return None
        number = self.client.get_registered_model(self.name).aliases.get(alias)
        return None if number is None else int(number)

    def point(self, alias: Alias, number: int | None) -> None:
        """Set an alias, or delete it; a barred version gets no alias that serves traffic.

        Raises:
            Refused: the version is barred, or the registry is not the local target's.
        """
        self.require_embedded()
        if number is None:
            self.client.delete_registered_model_alias(self.name, alias)
            return
        if alias != "staging" and (reason := self.get(number).barred):
            raise Refused(f"{self.name} version {number} is barred: {reason}")
        self.client.set_registered_model_alias(self.name, alias, str(number))

    def bar(self, number: int, reason: str) -> None:
        """Keep a version from traffic until `clear`."""
        self.require_embedded()
        self.client.set_model_version_tag(self.name, str(number), BARRED, reason)

    def clear(self, number: int) -> None:
        """Let a barred version, and any with the same bits, be rolled out again."""
        self.require_embedded()
        for twin in self._twins(self.get(number).digest):
            if BARRED in twin.tags:
                self.client.delete_model_version_tag(self.name, twin.version, BARRED)

    def download(self, number: int, out: Path) -> Path:
        """Fetch a whole version into `out` and hold it against the digest that the registry keeps."""
        from mlflow.artifacts import download_artifacts

        version = self.get(number)
        uri = self.client.get_model_version_download_uri(self.name, str(number))
        out.mkdir(parents=True, exist_ok=True)
        folder = Path(download_artifacts(artifact_uri=uri, dst_path=str(out), tracking_uri=self.uri))
        verify(folder, expected=version.digest)
        return folder

    def keep(self, record: DecisionRecord, folder: Path) -> None:
        """Write a decision record as an artifact of its run, where tags of run and version point at it.

        Records are only ever added; the same one may be kept again, by a restart that finishes a move.
        """
        if record.run is None:
            raise SlipwayError(f"record {record.id} names no run")
        path = folder / f"{record.id}.json"
        path.write_text(record.model_dump_json(indent=2), encoding="utf-8")
        self.client.log_artifact(record.run, str(path), RECORDS)
        self.client.set_tag(record.run, RECORD, record.id)
        if record.version is not None:
            tag = f"{RECORD}.{record.id}"
            self.client.set_model_version_tag(self.name, str(record.version), tag, record.decision)

    def records(self, pipeline_run: str | None = None) -> list[DecisionRecord]:
        """The decision records, oldest first; of one pipeline run, or all."""
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
            found += [record for run in page for record in self._records_of(run.info.run_id)]
            token = page.token or ""
        return sorted(found, key=lambda record: record.id)

    def _records_of(self, run: str) -> list[DecisionRecord]:
        names = [file.path for file in self.client.list_artifacts(run, RECORDS)]
        return [
            DecisionRecord.model_validate_json(self.artifact(run, name).read_text(encoding="utf-8"))
            for name in names
        ]

    def training_record(self, number: int) -> DecisionRecord:
        """The record of the training run that registered a version."""
        for record in self._records_of(self.get(number).run):
            if (record.decision, record.version) == ("registered", number):
                return record
        raise SlipwayError(f"{self.name} version {number}: its run kept no record of its registration")

    def artifact(self, run: str, name: str) -> Path:
        """A local copy of one artifact of a run; for the embedded registry the file itself."""
        from mlflow.artifacts import download_artifacts
        from mlflow.utils.file_utils import local_file_uri_to_path

        if self.embedded:
            path = Path(local_file_uri_to_path(self.client.get_run(run).info.artifact_uri)) / name
            if not path.is_file():
                raise SlipwayError(f"{path}: no such file; run {run} kept no {name}")
            return path
        return Path(download_artifacts(run_id=run, artifact_path=name, tracking_uri=self.uri))
