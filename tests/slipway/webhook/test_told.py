"""Decisions of a real registry, and the commands that tell of them."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from slipway.registry.decisions import RECORDS
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.webhook.outbox import Outbox
from tests.slipway.cli.conftest import settings_only, slipway
from tests.slipway.report import sample
from tests.slipway.root import ROOT
from tests.slipway.tiny import tiny_version
from tests.slipway.webhook.receiver import SECRET, Receiver, receiving

ID = "20260101T000000000-r"


@pytest.fixture(scope="module")
def server() -> Iterator[Receiver]:
    """One for all tests."""
    with receiving() as made:
        yield made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, server: Receiver) -> Path:
    """A project that tells it."""
    root = settings_only(tmp_path_factory.mktemp("told") / "a project")
    with (root / "project.yaml").open("a") as file:
        file.write(f"webhook: {server.url}\n")
    return root


@pytest.fixture
def receiver(server: Receiver, project: Path) -> Receiver:
    """The server, that takes what it gets, and has nothing yet; nothing waits for it."""
    server.got.clear()
    server.answers = [204]
    shutil.rmtree(project / ".slipway" / "outbox", ignore_errors=True)
    return server


@pytest.fixture
def registry(project: Path) -> Registry:
    """Of the project."""
    return Registry(Line(Project(project), "ad_click", "small"))


def decided(registry: Registry, name: str = ID) -> str:
    """A refusal that is kept; its run."""
    run = registry.start_run("training", name, "f")
    known = {"id": name, "run": run, "version": None, "system": "ad_click", "size": "small"}
    registry.keep(sample.record(decision="refused", **known, evaluation=None, canary=None), registry.folder)
    return run


def outbox(registry: Registry) -> Outbox:
    """What is still to be told."""
    return Outbox(registry.line.project.outbox)


def test_the_next_command_tells_what_a_killed_one_decided(registry: Registry, receiver: Receiver) -> None:
    """Its process ended with the decision; one command tells of it, the next one nothing."""
    run = decided(registry)
    assert receiver.got == []
    for _ in range(2):
        ran = slipway(registry.line.project.root, "schema", "project", SLIPWAY_WEBHOOK_SECRET=SECRET)
        assert (ran.returncode, ran.stderr) == (0, "")
    ((_, headers, body),) = receiver.got
    told = Webhook(SECRET).verify(body, headers)
    assert headers["webhook-id"] == told["data"]["record"] == ID
    assert told["data"]["line"] == registry.name
    kept = registry.artifact(run, f"{RECORDS}/{ID}.json")
    assert told["data"]["sha256"] == hashlib.sha256(Path(kept).read_bytes()).hexdigest()
    assert outbox(registry).empty


@pytest.mark.parametrize("begun", [True, False])
def test_a_kill_before_it_said_so_is_found_out(registry: Registry, receiver: Receiver, begun: bool) -> None:
    """The registry is asked: a record that is kept was decided, and of another one nobody hears."""
    decided(registry, f"2026010{int(begun) + 2}T000000000-r")
    (one,) = outbox(registry).waiting()
    outbox(registry).drop(one)
    open_one = one.model_copy(update={"decided": False} | ({} if begun else {"name": "20260109T000000001-r"}))
    outbox(registry).put(open_one)
    slipway(registry.line.project.root, "schema", SLIPWAY_WEBHOOK_SECRET=SECRET)
    assert receiver.names == ([one.name] if begun else [])
    assert outbox(registry).empty is begun


def test_a_decision_does_not_fail_by_it(registry: Registry, receiver: Receiver) -> None:
    """Nor does it wait; nothing that is said has more of its address than the host."""
    root = registry.line.project.root
    run = registry.start_run("training", "v", "f")
    tiny_version(ROOT, root / "one", "logistic")
    registry.register(run, root / "one")
    known = {"version": 1, "run": run, "canary": None, "system": "ad_click", "size": "small"}
    registry.keep(
        sample.record(
            decision="registered", id="20260104T000000000-r", **known, version_digest=registry.get(1).digest
        ),
        root,
    )
    registry.bar(1, "clicks from robots")
    receiver.answers = [500]
    words = ("clear", "--system", "ad_click", "--size", "small", "--version", "1", "--reason", "mended")
    cleared = slipway(root, *words, SLIPWAY_WEBHOOK_SECRET=SECRET)
    assert cleared.returncode == 0, cleared.stderr
    assert f"http://127.0.0.1:{receiver.port} was not told of every decision: answered 500" in cleared.stderr
    assert registry.get(1).barred is None
    assert len(outbox(registry).waiting()) == 2
    assert len(receiver.got) == 6

    seen = slipway(root, "status", SLIPWAY_WEBHOOK_SECRET=SECRET)
    assert "webhook: 2 decisions not told to" in seen.stdout
    assert "answered 500; 3 tries, the next from" in " ".join(seen.stdout.split())
    assert len(receiver.got) == 6
    shown = json.loads(slipway(root, "status", "--json", SLIPWAY_WEBHOOK_SECRET=SECRET).stdout)
    assert shown[0]["webhook"].startswith("2 decisions not told to")
    said = cleared.stderr + cleared.stdout + seen.stdout + seen.stderr + str(shown)
    assert all(secret not in said for secret in ("unguessable", "team=ml", SECRET))


def test_without_a_webhook_nothing_is_kept(registry: Registry, receiver: Receiver) -> None:
    """Nor does a command look for more than that."""
    root = registry.line.project.root
    named = (root / "project.yaml").read_text()
    try:
        (root / "project.yaml").write_text(named.partition("webhook:")[0])
        decided(Registry(Line(Project(root), "ad_click", "small")), "20260105T000000000-r")
        assert outbox(registry).empty
        assert slipway(root, "schema").returncode == 0
    finally:
        (root / "project.yaml").write_text(named)
    assert receiver.got == []
