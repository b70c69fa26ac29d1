"""MLflow's tracking side: the experiment of one line, its runs and what they keep."""

import os
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from slipway.base.addresses import masked
from slipway.base.atomic import naming, whole_file
from slipway.base.errors import SlipwayError, UsageError
from slipway.registry.artifacts import Own, local_folder, require_own_artifacts
from slipway.registry.embedded import Embedded, Run
from slipway.registry.place import ARTIFACTS, DATABASE, MADE, bring_along, lay_out
from slipway.registry.shown import DataShown
from slipway.settings import Line

FINGERPRINT = "slipway.data_fingerprint"
PIPELINE_RUN = "slipway.pipeline_run"
RUN = "slipway.run"
PARENT = "mlflow.parentRunId"
INJECTED = "MLFLOW_RUN_ID"
ABSENT = "RESOURCE_DOES_NOT_EXIST"
"""The error code of MLflow for what is not there."""


class Tracking:
    """The runs of one line of versions, in an experiment of its name."""

    def __init__(self, line: Line, uri: str | None = None) -> None:
        """Of the registry at `uri`, by default of the one that the project names."""
        self.line, project = line, line.project
        self.uri = uri or project.tracking_uri
        self.embedded = self.uri == project.embedded_tracking_uri
        self.folder = project.state / "registry"
        self.own = Own(
            self.uri, self.folder / ARTIFACTS if self.embedded else None, project.settings.artifacts
        )
        self.description = project.settings.description
        self.name = line.registered

    @cached_property
    def client(self) -> Any:
        """The MLflow client; the embedded registry is made on first use."""
        import mlflow

        if not self._made:
            self._make()
        if self.embedded:
            bring_along(self.folder)
        # Read before the call below, which sets the variable.
        exported = "MLFLOW_TRACKING_URI" in os.environ
        mlflow.set_tracking_uri(self.uri)  # for what in MLflow takes no URI
        if not exported:
            # Another project of this process would take what MLflow has set for the user's wish.
            os.environ.pop("MLFLOW_TRACKING_URI", None)
        return mlflow.MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    @property
    def _database(self) -> Embedded | None:
        """The database to read, where MLflow need not be asked; None for a shared registry."""
        if not (self.embedded and self._made):
            return None
        bring_along(self.folder)
        return Embedded(self.folder / DATABASE)

    def _make(self) -> None:
        """Lay the embedded database out aside; MLflow cannot use one in which it was killed on the way."""
        import mlflow

        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / MADE):
            # Asked again: another process may have made it while this one waited.
            if not self._made:
                with whole_file(self.folder / DATABASE) as aside:
                    mlflow.MlflowClient(f"sqlite:///{aside}").search_experiments(max_results=1)
                    lay_out(aside, self.folder)

    @property
    def _made(self) -> bool:
        """Looking must not make an embedded registry."""
        return not self.embedded or (self.folder / DATABASE).is_file()

    @property
    def begun(self) -> bool:
        """Whether anything of this line was ever kept."""
        if (database := self._database) is not None:
            return database.experiment(self.name) is not None
        return self._made and self.client.get_experiment_by_name(self.name) is not None

    def _experiment(self, name: str) -> str:
        """The id of an experiment, made on first use."""
        found = self.client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        # MLflow would put artifacts of a SQLite registry below the working directory.
        place = self.own.folder.as_uri() if self.own.folder else None
        return str(self.client.create_experiment(name, artifact_location=place))

    def start_run(
        self, name: str, pipeline_run: str, fingerprint: str, source: Mapping[str, str] | None = None
    ) -> str:
        """A run in this line's experiment, where `records` looks; returns its id.

        It is the run that a Kubeflow server injected, if that lies there. One of another experiment becomes
        its parent, and a tag leads from there to here.

        Args:
            source: who began it and on which code, as tags; an injected run says that itself.

        Raises:
            UsageError: the environment names a run that the registry does not have.
        """
        experiment, injected = self._experiment(self.name), os.environ.get(INJECTED)
        tags = {PIPELINE_RUN: pipeline_run, FINGERPRINT: fingerprint}
        if injected and self._experiment_of(injected) == experiment:
            self.log(injected, {}, {}, tags)
            return injected
        tags |= {**(source or {}), **({PARENT: injected} if injected else {})}
        run = str(self.client.create_run(experiment, run_name=name, tags=tags).info.run_id)
        if injected:
            self.client.set_tag(injected, RUN, run)
        return run

    def _experiment_of(self, run: str) -> str:
        from mlflow.exceptions import MlflowException

        try:
            return str(self.client.get_run(run).info.experiment_id)
        except MlflowException as error:
            if error.error_code != ABSENT:
                raise
            raise UsageError(
                f"{INJECTED}: found {run!r}, but {self.where} has no such run; unset it, or set "
                "MLFLOW_TRACKING_URI to the server that has it"
            ) from error  # guard record.run

    def end_run(self, run: str, status: Literal["FINISHED", "FAILED"] = "FINISHED") -> None:
        """Mark a run as ended."""
        self.client.set_terminated(run, status)

    def rename_run(self, run: str, name: str) -> None:
        """Call a run by what happened in it, which is known only at its end."""
        self.client.update_run(run, name=name)

    def log(
        self,
        run: str,
        params: Mapping[str, str],
        metrics: Mapping[str, float],
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Parameters, metrics and tags of a run, in one call; see `slipway.registry.shown` for its bounds."""
        from mlflow.entities import Metric, Param, RunTag

        at = int(time.time() * 1000)
        # No parameter is changed, says MLflow, and a restart may find another card than the killed run did.
        known = self.client.get_run(run).data.params if params else {}
        self.client.log_batch(
            run,
            metrics=[Metric(name, value, at, 0) for name, value in metrics.items()],
            params=[Param(name, value) for name, value in params.items() if name not in known],
            tags=[RunTag(name, value) for name, value in (tags or {}).items()],
        )

    def log_data(self, run: str, data: DataShown) -> None:
        """Name the data that a run worked on, by DVC's fingerprint, as an input of the run."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        shown = Dataset(data.name, data.digest, "code", data.source, data.columns, data.profile)
        context = InputTag("mlflow.data.context", data.context)
        self.client.log_inputs(run, [DatasetInput(shown, [context])])

    def log_text(self, run: str, path: Path, name: str) -> None:
        """Keep a text file as the artifact `name` of a run."""
        self.artifacts(run)
        with naming(self.folder):
            self.client.log_text(run, path.read_text(encoding="utf-8"), name)

    def address(self, run: str, name: str) -> str:
        """Where an artifact of a run lies, as messages name it; for the embedded registry a file's URI."""
        return masked(f"{self.client.get_run(run).info.artifact_uri}/{name}")

    @property
    def where(self) -> str:
        """How messages name the registry; without the password that its address may hold."""
        return "the embedded registry" if self.embedded else masked(self.uri)

    def artifacts(self, run: str) -> str:
        """Where a run keeps its artifacts. All that reads or writes any asks here, or for `own`.

        Raises:
            Refused: as for `require_own_artifacts`.
        """
        return require_own_artifacts(self._run(run).artifacts, self.own)

    def _run(self, run: str) -> Run:
        found = None if self._database is None else self._database.run(run)
        return found or Run.of(self.client.get_run(run))

    def artifact(self, run: str, name: str) -> Path:
        """A local copy of one artifact of a run; where they are files of this machine, the file itself.

        Raises:
            Refused: as for `artifacts`.
        """
        uri = f"{self.artifacts(run)}/{name}"
        if (path := local_folder(require_own_artifacts(uri, self.own))) is None:
            return self.downloaded(uri, self.line.project.kept / "fetched" / run)
        if not path.is_file():
            raise SlipwayError(f"{path}: no such file; run {run} kept no {name}")
        return path

    def downloaded(self, uri: str, into: Path) -> Path:
        """A copy of what lies at an address: by a run's id MLflow would ask what else it links to.

        Args:
            into: the folder that takes it; by itself MLflow makes one that nobody removes.

        Raises:
            Refused: as for `artifacts`.
        """
        from mlflow.artifacts import download_artifacts

        own = require_own_artifacts(uri, self.own)
        into.mkdir(parents=True, exist_ok=True)
        return Path(download_artifacts(artifact_uri=own, dst_path=str(into), tracking_uri=self.uri))
