"""Carry one line of the embedded registry to a shared one: numbers, aliases, records and uses of holdouts.

MLflow gives every run an id of its own, so each has another one there. A record stays as it is, byte by byte;
its seal, which names the run that it lies in, is made anew, and is to be signed by whoever counts there.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from slipway.base.errors import Refused, SlipwayError, UsageError
from slipway.records.kept import Chain, Entry
from slipway.records.seal import Link, Seal, hexdigest
from slipway.registry.artifacts import local_folder
from slipway.registry.holdouts import Holdouts
from slipway.registry.kept_records import RECORDS, SEALS, SIGNATURE
from slipway.registry.model_version import DIGEST
from slipway.registry.tracking import PARENT
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.trust.signing import LocalKey
from slipway.version.manifest import verify
from slipway.version.proven import statement

FROM = "slipway.migrated_from"
"""Of a run its former id, of a version its number, of a registered model the key of its former registry."""
WHOLE = "slipway.migrated"
"""Of what has been carried wholly."""
GAP = "a number that is not used"
"""In the place of a version's, where MLflow would number the next one differently."""
MOST_METRICS, MOST_PARAMS = 1000, 100
"""That every server takes in one call."""


@dataclass(frozen=True)
class Carried:
    """What was carried, in numbers."""

    runs: int
    versions: int
    records: int
    to_sign: int


def migrate(line: Line, to: str, tell: Callable[[str], None]) -> Carried | None:
    """Carry a line; one that was killed on the way goes on where it was. None where it was carried already.

    Args:
        to: tracking URI of a registry in which the line is not yet.
        tell: takes a line about what is under way.

    Raises:
        UsageError: the project's registry is not the embedded one, or the other is.
        Refused: the records are not those that were kept, a move is under way, or the name is taken there.
        SlipwayError: what arrived is not what was sent.
    """
    source, target = Registry(line), Registry(line, to)
    if not source.embedded or target.embedded:
        raise UsageError(
            f"from {source.where} to {target.where}: expected from the embedded registry to a shared one; "
            "unset MLFLOW_TRACKING_URI and tracking_uri until it is carried"
        )  # guard migrate.direction
    line.lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(line.lock, timeout=0):
            return _Carrier(source, target, tell).carry()
    except Timeout as error:
        # guard migrate.alone
        raise Refused(f"{source.name}: another process moves production or carries it; try again") from error


class _Carrier:
    def __init__(self, source: Registry, target: Registry, tell: Callable[[str], None]) -> None:
        self.source, self.target, self.tell = source, target, tell
        self.key = LocalKey(source.line.project.state).identity
        self.runs: dict[str, str] = {}

    def carry(self) -> Carried | None:
        chain = self._require_whole()
        if self._require_room():
            return None
        uses = Holdouts(self.source.line), Holdouts(self.source.line, self.target.uri)
        self._carry_runs(self.source.name)
        self._carry_runs(uses[0].experiment)
        versions = self._carry_versions(chain)
        signed = self._carry_records(chain)
        self._point()
        self._require_same(chain, versions)
        self.target.client.set_registered_model_tag(self.target.name, WHOLE, "yes")
        return Carried(len(self.runs), len(versions), len(chain.entries), signed)

    def _require_whole(self) -> Chain:
        verdict = self.source.verdict()
        if verdict.breaks:
            raise Refused(
                f"{self.source.name}: {verdict.breaks[0]}: nothing is carried that does not hold; put it "
                "right, or write down that it is known by `slipway history --accept REASON`"
            )  # guard migrate.intact
        if self.source.line.intent.is_file():
            raise Refused(
                f"{self.source.line.intent}: a move of production was killed; `slipway recover` finishes "
                "or drops it, then try again"
            )  # guard migrate.moving
        return verdict.chain

    def _require_room(self) -> bool:
        """Let nothing be there of that name but what was carried from here; whether that was all of it.

        Then the line lives there: production may have moved since, and its aliases are not ours to set.
        """
        client, name = self.target.client, self.target.name
        found = client.search_registered_models(f"name = '{name}'")
        if not found and client.get_experiment_by_name(name) is None:
            client.create_registered_model(name, tags={FROM: self.key}, description=self.target.description)
        elif not found or found[0].tags.get(FROM) != self.key:
            raise Refused(
                f"{self.target.where}: {name} is there already, and not from here; a line is carried to "
                "where it is not yet"
            )  # guard migrate.room
        return bool(found) and WHOLE in found[0].tags

    def _carry_runs(self, experiment: str) -> None:
        there = self.target._experiment(experiment)
        known = {
            one.data.tags[FROM]: one for one in _all_runs(self.target, experiment) if FROM in one.data.tags
        }
        runs = sorted(
            _all_runs(self.source, experiment), key=lambda one: (one.info.start_time, one.info.run_id)
        )
        for number, run in enumerate(runs, 1):
            self.tell(f"{number:,} of {len(runs):,} runs: {experiment}")
            self.runs[run.info.run_id] = self._carry_run(run, there, known.get(run.info.run_id))

    def _carry_run(self, run: Any, experiment: str, known: Any) -> str:
        former, client = run.info.run_id, self.target.client
        if known is None:
            tags = {**run.data.tags, FROM: former}
            if (parent := tags.get(PARENT)) in self.runs:
                tags[PARENT] = self.runs[parent]
            known = client.create_run(experiment, run.info.start_time, tags, run.info.run_name)
        there = str(known.info.run_id)
        if WHOLE in known.data.tags:
            return there
        params = [_param(name, value) for name, value in run.data.params.items()]
        metrics = [
            one for name in run.data.metrics for one in self.source.client.get_metric_history(former, name)
        ]
        for start in range(0, len(params), MOST_PARAMS):
            client.log_batch(there, params=params[start : start + MOST_PARAMS])
        for start in range(0, len(metrics), MOST_METRICS):
            client.log_batch(there, metrics=metrics[start : start + MOST_METRICS])
        self.target.artifacts(there)
        for path in self._artifacts(former):
            client.log_artifacts(there, str(path), path.name) if path.is_dir() else client.log_artifact(
                there, str(path)
            )
        client.set_terminated(there, run.info.status, run.info.end_time)
        client.set_tag(there, WHOLE, "yes")
        return there

    def _artifacts(self, run: str) -> Iterator[Path]:
        """What lies in a run at the top; records and seals are carried by themselves."""
        folder = local_folder(self.source.artifacts(run))
        if folder is not None and folder.is_dir():
            yield from (path for path in sorted(folder.iterdir()) if path.name not in (RECORDS, SEALS))

    def _carry_versions(self, chain: Chain) -> dict[int, Any]:
        """Register them in the order of their numbers, and give each the number that it had."""
        client, name = self.target.client, self.target.name
        versions = {int(one.version): one for one in self.source._versions()}
        there = {int(one.version): one for one in self.target._versions()}
        # Those that were not used are deleted once all are there: none is made for a second time.
        for number in range(max(there, default=0) + 1, max(versions, default=0) + 1):
            self.tell(f"{number:,} of {max(versions):,} versions")
            one = versions.get(number) or next(
                versions[later] for later in sorted(versions) if later > number
            )
            run, tags = self.runs[one.run_id], {FROM: GAP}
            if number in versions:
                tags = {**one.tags, FROM: str(number)}
                tags.pop(SIGNATURE, None)
            place = f"{self.target.artifacts(run)}/{one.source.rpartition('/')[2]}"
            client.create_model_version(name, place, run, tags=tags, description=one.description)
        for one in self.target._versions():
            if one.tags.get(FROM) not in (str(one.version), GAP):
                raise SlipwayError(
                    f"{self.target.where}: version {one.version} of {name} is not from here: somebody else "
                    "registers there"
                )  # guard migrate.number
        for one in self.target._versions():
            if one.tags.get(FROM) == GAP:
                client.delete_model_version(name, one.version)
        for number, one in versions.items():
            # Only what holds here: a version that nobody vouches for is not handed on to be signed.
            if _vouched(self.source, number, chain):
                self.target.to_sign(f"version-{name}-{number}", statement(name, number, one.tags[DIGEST]))
        return versions

    def _carry_records(self, chain: Chain) -> int:
        """Each with a seal that names its run there; returns how many are to be signed."""
        links: dict[str, Link] = {}
        order = TopologicalSorter(
            {one.id: {link.id for link in one.before} for one in chain.entries.values()}
        )
        entries = [chain.entries[name] for name in order.static_order() if name in chain.entries]
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            for number, entry in enumerate(entries, 1):
                self.tell(f"{number:,} of {len(entries):,} records")
                run, seal = self.runs[entry.kept.run], self._resealed(entry, links)
                sealed = seal.model_dump_json(indent=2).encode()
                links[entry.id] = Link(id=entry.id, sha256=hexdigest(sealed))
                self.target._upload(run, SEALS, folder / SEALS / f"{entry.id}.json", sealed)
                self.target._upload(run, RECORDS, folder / f"{entry.id}.json", entry.kept.content)
                self.target.to_sign(entry.id, seal.statement())
        return len(entries)

    def _resealed(self, entry: Entry, links: Mapping[str, Link]) -> Seal:
        """The seal of a record in the run that it was carried to; it names others as they are sealed there.

        What was changed is not carried, so there it is missing.
        """
        return Seal(
            line=self.target.name,
            run=self.runs[entry.kept.run],
            id=entry.id,
            sha256=hexdigest(entry.kept.content),
            decision=self.source.read(entry).decision,
            version=entry.version,
            replaced=entry.replaced,
            digest=entry.digest,
            before=[links.get(link.id, link) for link in entry.before],
            accepts=[
                f"missing {one.removeprefix('changed ')}" if one.startswith("changed ") else one
                for one in entry.accepts
            ],
            signature="",
        )

    def _point(self) -> None:
        """Set the aliases; the line is nowhere in use there, which moves nobody's production."""
        here = (
            self.source.client.get_registered_model(self.source.name).aliases if self.source._exists() else {}
        )
        for alias, number in here.items():
            self.target.client.set_registered_model_alias(self.target.name, alias, number)

    def _require_same(self, chain: Chain, versions: Mapping[int, Any]) -> None:
        """Read back what arrived, as another process would."""
        target = Registry(self.target.line, self.target.uri)
        found = target.chain()
        arrived = {**found.entries, **{one.id: one for one in found.waiting}}
        kept = {name: one.kept.content for name, one in arrived.items()}
        if kept != {name: one.kept.content for name, one in chain.entries.items()} or found.losses:
            fault = found.losses[0] if found.losses else f"{len(kept)} records, expected {len(chain.entries)}"
            # guard migrate.records
            raise SlipwayError(f"{target.where}: {fault}: not all records arrived; run it again")
        for number, one in versions.items():
            with tempfile.TemporaryDirectory() as temporary:
                verify(
                    target.fetch(number, Path(temporary)), expected=one.tags[DIGEST]
                )  # guard migrate.versions


def _all_runs(registry: Registry, experiment: str) -> list[Any]:
    found, token, client = [], None, registry.client
    known = client.get_experiment_by_name(experiment)
    while known is not None and token != "":
        page = client.search_runs([known.experiment_id], max_results=1000, page_token=token)
        found += page
        token = page.token or ""
    return found


def _vouched(registry: Registry, number: int, chain: Chain) -> bool:
    try:
        registry.vouched(registry.get(number), chain)
    except Refused:
        return False
    return True


def _param(name: str, value: str) -> Any:
    from mlflow.entities import Param

    return Param(name, value)
