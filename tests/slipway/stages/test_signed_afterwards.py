"""A run has no identity, the job after it has one: what it signs counts, and nothing else does."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from mlflow.entities import RunTag

from slipway.base.errors import Refused
from slipway.registry.kept_records import PART
from slipway.registry.versions import Registry
from slipway.stages.refuse import refuse
from slipway.stages.register import register
from slipway.stages.rollback import roll_back
from tests.demanded import absent
from tests.root import REPOSITORY
from tests.slipway.cli.conftest import slipway
from tests.slipway.report import sample
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.stages.shared import ISSUER, WORKFLOW, lay, share, sign, sign_records, statements
from tests.slipway.trust.authority import Authority

OTHER = WORKFLOW.replace("train.yml", "ci.yml")
COSIGN = 'echo "$@" >> calls; cp "made/$(basename "$6")" "$5"'
"""One that has an identity; what it would make lies there."""
CURL = 'for word; do echo "$word" >> sent; done'


@pytest.fixture
def authority(desk: Desk, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The Sigstore that project.yaml names, and the registry."""
    return share(desk, database, tmp_path, monkeypatch)


def kept(desk: Desk) -> Registry:
    """A version that was registered, and another candidate that was refused after it."""
    assert register(RUN, **desk.files) == 1
    refuse(RUN, **desk.files)
    return desk.registry


def told(registry: Registry) -> list[str]:
    """What is broken, by another reader."""
    return [one.kind for one in Registry(registry.line).verdict().breaks]


def make(folder: Path) -> subprocess.CompletedProcess[str]:
    """What the job that signs runs, where no package of ours is."""
    return subprocess.run(
        ["make", "-f", str(REPOSITORY / "Makefile"), "sign-statements"],
        cwd=folder,
        env=os.environ
        | {
            "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "STATEMENTS": str(folder / "the statements"),
            "MLFLOW_TRACKING_URI": "https://registry",
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The folder of that job, with an empty one for the statements."""
    if shutil.which("jq") is None:
        absent("jq, with which sign-statements makes JSON")
    folder = tmp_path / "job"
    for name in ("bin", "made", "the statements"):
        (folder / name).mkdir(parents=True)
    for name, line in (("cosign", COSIGN), ("curl", CURL)):
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / "bin" / name).chmod(0o755)
    return folder


def test_the_last_job_signs_all_that_was_kept(desk: Desk, authority: Authority, job: Path) -> None:
    """Version and records, by one target; then all of it holds, and the version runs."""
    registry = kept(desk)
    below = job / "the statements" / "0123abcd" / "trust" / "statements"  # as the artifact holds them
    below.mkdir(parents=True)
    for path in statements(registry):
        shutil.copy(path, below)
        signature = authority.sign(path.read_bytes(), WORKFLOW, ISSUER)
        (job / "made" / path.name).write_bytes(base64.b64decode(signature.rpartition(":")[2]))
    done = make(job)
    assert done.returncode == 0, done.stderr
    calls = [line for line in (job / "sent").read_text().splitlines() if line.startswith("https://")]
    for path, call in zip(statements(registry), calls, strict=True):
        sent = json.loads((below / f"{path.name}.tags").read_bytes())
        if call == "https://registry/api/2.0/mlflow/runs/log-batch":
            assert len(sent["tags"]) > 1
            assert max(len(one["value"]) for one in sent["tags"]) == PART
            registry.client.log_batch(sent["run_id"], tags=[RunTag(**one) for one in sent["tags"]])
        else:
            assert call == "https://registry/api/2.0/mlflow/model-versions/set-tag"
            registry.client.set_model_version_tag(**sent)

    assert told(registry) == []
    assert str(registry.vouched(registry.get(1))) == f"keyless {WORKFLOW}"
    ran = slipway(desk.root, "history", "--verify", MLFLOW_TRACKING_URI=os.environ["MLFLOW_TRACKING_URI"])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"2 decision records verified, 2 signed by keyless {WORKFLOW}" in ran.stdout


VERSION = "slipway version\nproject.system\n7\n0123\n"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "found 0 folders of statements, expected that of one registry"),
        ({"a.txt": VERSION, "b.txt": ""}, "expected the first line 'slipway version' or 'slipway decision"),
        ({"a.txt": VERSION, "b.txt": VERSION.replace("version", "image")}, "expected the first line"),
        ({"one/trust/a.txt": VERSION, "two/trust/a.txt": VERSION}, "found 2 folders of statements, expected"),
    ],
)
def test_nothing_else_is_signed(job: Path, files: dict[str, str], said: str) -> None:
    """Another kind would get an identity that counts elsewhere; none is a folder that got lost."""
    for name, text in files.items():
        (job / "the statements" / name).parent.mkdir(parents=True, exist_ok=True)
        (job / "the statements" / name).write_text(text)
    done = make(job)

    assert done.returncode != 0
    assert said in done.stderr
    assert not (job / "calls").exists()
    assert not (job / "sent").exists()


@pytest.mark.gate("version.recorded")
def test_a_version_runs_once_its_record_is_signed(desk: Desk, authority: Authority) -> None:
    """Its own signature alone says nothing of the gate; nor does a record that another workflow signed."""
    registry = kept(desk)
    sign(registry, authority, 1)
    assert told(registry)[:2] == ["unsigned", "unsigned"]
    with pytest.raises(Refused, match=r"0 signed records .* have the workflow that trained it sign \w+-\w+"):
        registry.vouched(registry.get(1))
    sign_records(registry, authority, OTHER)
    assert told(registry)[:2] == ["forged", "forged"]
    with pytest.raises(Refused, match="0 signed records say that it was registered"):
        registry.vouched(registry.get(1))
    sign_records(registry, authority)
    assert told(registry) == []
    assert registry.training_record(1).decision == "registered"


def test_a_signature_holds_for_one_record(desk: Desk, authority: Authority) -> None:
    """That of the refusal says nothing of the registration, and half of one says nothing at all."""
    registry = kept(desk)
    first, second, _ = (path.read_bytes() for path in statements(registry))
    one, two = (json.loads(content.partition(b"\n")[2]) for content in (first, second))
    lay(registry, two["run"], two["id"], authority.sign(second, WORKFLOW, ISSUER))
    assert told(registry)[0] == "unsigned"
    for signature in (
        authority.sign(second, WORKFLOW, ISSUER),
        authority.sign(first, WORKFLOW, ISSUER)[:PART],
    ):
        lay(registry, one["run"], one["id"], signature)
        assert told(registry)[0] == "forged"


def test_a_signature_of_full_parts_ends_where_it_ends(desk: Desk, authority: Authority) -> None:
    """What a longer one of an earlier attempt has left behind it is no part of it."""
    registry = kept(desk)
    entry = registry.chain().waiting[0]
    lay(registry, entry.kept.run, entry.id, "x" * 3 * PART)
    lay(registry, entry.kept.run, entry.id, "y" * PART)

    assert [one.signature for one in registry._kept_in(entry.kept.run)] == ["y" * PART]


@pytest.mark.gate("alias.explained")
def test_a_record_that_nobody_signed_moves_nothing(desk: Desk, authority: Authority, tmp_path: Path) -> None:
    """Whoever can write to the registry wrote it, and set the alias too; it is said what that waits for."""
    registry = kept(desk)
    sign_records(registry, authority)
    sign(registry, authority, 1)
    forged = sample.record(
        id="20990301T120000000-r",
        decision="first",
        version=1,
        replaced=None,
        version_digest=registry.get(1).digest,
        evaluation=None,
        canary=None,
        run=registry.start_run("rollout", "forged", "f"),
    )
    registry.keep(forged, tmp_path)
    registry.client.set_registered_model_alias(registry.name, "production", "1")
    said = f"production is 1, expected none by no record .*: record {forged.id} would put it there"
    with pytest.raises(Refused, match=said):
        roll_back(registry.line, "please", 1)
    assert registry.client.get_registered_model(registry.name).aliases["production"] == 1
