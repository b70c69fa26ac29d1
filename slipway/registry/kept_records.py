"""What lies in the runs of a line: its decision records and their seals, as bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from slipway.base.errors import Refused
from slipway.records.kept import Chain, Kept
from slipway.registry.artifacts import local_folder, require_own_artifacts
from slipway.registry.copies import Copies
from slipway.registry.embedded import Run
from slipway.registry.parts import MOST, TOO_LARGE, Part, part
from slipway.registry.tracking import Tracking

RECORD = "slipway.record"
RECORDS = "records"
SEALS = "seals"
SIGNATURE = "slipway.signature"
PART = 5000
"""Characters that every server takes in a tag of a run; a keyless signature has more."""


class KeptRecords(Tracking):
    """The files of one line, whoever put them there."""

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

    def _kept(self, run: Run, fresh: bool = False) -> list[Kept]:
        """The records of a run with their seals, as bytes, and with what was signed since.

        Args:
            fresh: as they lie there now, whatever was copied before.
        """
        if self.embedded:
            return self._read(run)
        found = None if fresh else self._ended.get(run.id) or (self._copied(run) and self.copies.of(run.id))
        found = found or self._read(run)
        if run.status == "FINISHED":
            self._ended[run.id] = found
        return [replace(one, signature=_signature(run.tags, one.id)) for one in found]

    def _copied(self, run: Run) -> bool:
        """Whether a run changes no more, and lies elsewhere."""
        return run.status == "FINISHED" and local_folder(run.artifacts) is None

    def _copy(self, runs: Sequence[Run], kept: Sequence[Kept], chain: Chain) -> None:
        """Copy what lies in runs that ended and holds; forget a copy of what does not hold there any more."""
        found: dict[str, list[Kept]] = {}
        for one in kept:
            found.setdefault(one.run, []).append(one)
        for run in filter(self._copied, runs):
            own = found.get(run.id, [])
            if own and all(
                one.seal and one.id in chain.entries and chain.entries[one.id].kept == one for one in own
            ):
                self.copies.keep(run.id, own)
            else:
                self.copies.drop(run.id)

    @cached_property
    def _ended(self) -> dict[str, list[Kept]]:
        """What lies in runs that have ended, signed or not, for as long as this registry is looked at."""
        return {}

    @cached_property
    def copies(self) -> Copies:
        """Of what a server would be asked for again and again."""
        return Copies(self.line.project.kept_of(self.uri) / "records" / self.line.name)

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
