"""What has happened before a drill of docs/runbook.md begins, each really made in a project."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from slipway.base.errors import SlipwayError
from slipway.data.versions import run_stages
from slipway.records.decision import record_id
from slipway.registry import turns
from slipway.registry.backup import back_up
from slipway.release.bento import bento_path
from slipway.rollout.promotion import Intent
from slipway.rollout.targets.local import LocalPlacement
from slipway.rollout.targets.local_front import opened
from slipway.rollout.targets.local_production import Production
from slipway.stages import record as stage_record
from slipway.stages.record import keep, new_record, of_version
from tests.slipway.durability.disks import disk
from tests.slipway.report import sample
from tests.slipway.rollout.targets.test_local_production import Starts
from tests.slipway.root import ROOT
from tests.slipway.runbook.drills import Shell
from tests.slipway.stages.packaged import RUN, Packaged

HOLD = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""
STAGE = """stages:
  split:
    matrix: {system: [ad_click], size: [small]}
    cmd: mkdir -p data/ad_click/small/split && cp systems/ad_click/source/*.py data/ad_click/small/split
    deps: [systems/ad_click/source]
    outs: [data/ad_click/small/split]
"""


@contextmanager
def bad_model(place: Packaged, shell: Shell) -> Iterator[str]:
    """Version 2 is live, and that is all that can be seen from here."""
    yield ""


@contextmanager
def damaged(place: Packaged, shell: Shell) -> Iterator[str]:
    """A file of the live version's Bento was cut off."""
    model = bento_path(place.line.project, place.bentos[2]) / "src" / "version" / "features.npz"
    model.write_bytes(model.read_bytes()[:-1])
    yield ""


@contextmanager
def crashes(place: Packaged, shell: Shell) -> Iterator[str]:
    """The server of version 2 ends, and never gets ready again; the clock is the test's."""
    told, starts = [], Starts()
    with opened("127.0.0.1", 0) as front:
        serving = Production(LocalPlacement(place.line, starts), front, told.append)
        serving.begin(serving.live(), 0.0)
        for process in starts.processes:
            process.kill()
            process.wait()
        starts.broken = {2}
        while not serving.tries.spent:
            serving.look(serving.tries.due)
        with pytest.raises(SlipwayError, match="in a row") as ended:
            serving.look(serving.tries.due)
        serving.close()
    for process in starts.processes:
        process.communicate()
    log = place.root / ".slipway" / "servers" / "slipway-demo-ad-click-small-2.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("MemoryError\n")
    yield "\n".join([*told, str(ended.value)])


@contextmanager
def killed(place: Packaged, shell: Shell) -> Iterator[str]:
    """A promotion of version 3 had begun, and moved nothing yet."""
    registry = place.registry
    won = sample.canary().model_copy(update={"canary": 3, "stable": 2})
    record = sample.record(
        id=record_id(datetime.now(UTC), "killed"),
        decision="promote",
        version=3,
        replaced=2,
        version_digest=registry.get(3).digest,
        canary=won,
        run=registry.start_run("rollout", "killed", "f"),
    )
    with turns.bind(place.line).taken() as turn:
        turn.begin(Intent(record=record).model_dump_json())
    yield ""


@contextmanager
def held(place: Packaged, shell: Shell) -> Iterator[str]:
    """A process has the turn and does nothing."""
    place.line.lock.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", HOLD, str(place.line.lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield ""
        finally:
            process.kill()


@contextmanager
def by_hand(place: Packaged, shell: Shell) -> Iterator[str]:
    """Somebody put `production` on version 3 in MLflow."""
    registry = place.registry
    registry.client.set_registered_model_alias(registry.name, "production", "3")
    yield ""


@contextmanager
def edited(place: Packaged, shell: Shell) -> Iterator[str]:
    """There is a backup; since then somebody changed a reason and deleted another record."""
    back_up(place.line.project, place.root.parent / "backup.tar.gz")
    registry = place.registry
    [first, promoted] = [one for one in registry.records() if one.decision in ("first", "promote")]
    path = registry.artifact(promoted.run or "", f"records/{promoted.id}.json")
    path.write_text(path.read_text().replace("it is good", "it is better"))
    registry.artifact(first.run or "", f"records/{first.id}.json").unlink()
    yield ""


@contextmanager
def full(place: Packaged, shell: Shell) -> Iterator[str]:
    """The disk of the state folder is filled to the last byte by the log of a run."""
    state = place.root / ".slipway"
    (state / "runs").mkdir(exist_ok=True)
    with disk(state) as made:
        made.spoil("full")
        made.filler.rename(state / "runs" / "20260101-000000-aaaaaa.log")
        yield ""


@contextmanager
def ahead(place: Packaged, shell: Shell) -> Iterator[str]:
    """The newest record was kept by a machine whose clock was ten years ahead."""
    registry = place.registry
    known = replace(of_version(registry, 3), replaced=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage_record, "now", lambda: datetime(2036, 1, 1, tzinfo=UTC))
        keep(registry, new_record(RUN, registry, "rollout", "inconclusive", "too few", known), None)
    yield ""


@contextmanager
def registry_away(place: Packaged, shell: Shell) -> Iterator[str]:
    """Nothing listens where the tracking server was."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        shell.changes["MLFLOW_TRACKING_URI"] = f"http://127.0.0.1:{free.getsockname()[1]}"
    shell.changes["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    yield ""


@contextmanager
def remote_away(place: Packaged, shell: Shell) -> Iterator[str]:
    """The folder of DVC's remote is gone; a clone has no data, and this machine has it in its cache."""
    root = place.root
    shutil.copytree(ROOT / ".dvc", root / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache"))
    config = (root / ".dvc" / "config").read_text(encoding="utf-8")
    (root / ".dvc" / "config").write_text(config.replace("../.slipway/dvc-remote", "../../remote"))
    (root / "dvc.yaml").write_text(STAGE)
    assert run_stages(place.line)
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for words in (["add", "-A"], [*who, "commit", "-q", "-m", "data"]):
        subprocess.run(["git", "-C", str(root), *words], check=True)
    subprocess.run(["git", "clone", "-q", str(root), str(root.parent / "fresh-clone")], check=True)
    (root.parent / "machine-with-the-data").symlink_to(root)
    shutil.rmtree(root.parent / "remote")
    shutil.rmtree(root / "data")
    yield ""


@contextmanager
def state_lost(place: Packaged, shell: Shell) -> Iterator[str]:
    """There is a backup, and no state folder."""
    with backed_up(place, shell):
        shutil.rmtree(place.root / ".slipway")
        yield ""


@contextmanager
def backed_up(place: Packaged, shell: Shell) -> Iterator[str]:
    """There is a backup beside the repository."""
    back_up(place.line.project, place.root.parent / "backup.tar.gz")
    yield ""


INCIDENTS: dict[str, Callable[[Packaged, Shell], AbstractContextManager[str]]] = {
    "A bad model is live": bad_model,
    "A version no longer starts": damaged,
    "The server crashes again and again": crashes,
    "A move was killed half-way": killed,
    "Somebody has the turn and does not give it back": held,
    "Somebody moved an alias by hand": by_hand,
    "A record was edited or lost": edited,
    "The disk is full": full,
    "The clock is wrong": ahead,
    "The registry is away": registry_away,
    "The remote of DVC is away": remote_away,
    "The state folder is lost": state_lost,
    "A new machine": backed_up,
}
"""By the title of the drill."""
