"""A registry names where artifacts lie, and whoever writes to it chose that: nobody goes just anywhere."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mlflow import MlflowClient

from slipway.base.errors import Refused
from slipway.registry.artifacts import Own, require_own_artifacts
from slipway.registry.kept_records import RECORD, RECORDS
from slipway.registry.parts import MOST, part
from slipway.registry.versions import Registry
from tests.slipway.registry.attacks import record_of

SERVER = Own("https://ann:s3cret@mlflow.example.com:5000", None, None)  # pragma: allowlist secret
BUCKET = Own("https://mlflow.example.com", None, "s3://bucket/mlflow")
DATABASE = Own("sqlite:////srv/shared.db", None, None)
EMBEDDED = Own("sqlite:////a/.slipway/registry/mlflow.db", Path("/a/.slipway/registry/artifacts"), None)
MOUNTED = Own("postgresql://db/mlflow", None, "/mnt/mlflow")


@pytest.mark.parametrize(
    ("own", "uri"),
    [
        (SERVER, "mlflow-artifacts:/1/r/artifacts"),
        (SERVER, "mlflow-artifacts://mlflow.example.com:5000/1/r/artifacts"),
        (BUCKET, "s3://bucket/mlflow/1/r/artifacts"),
        (BUCKET, "mlflow-artifacts:/1/r/artifacts"),
        (DATABASE, "/srv/mlruns/1/r/artifacts"),
        (DATABASE, "file:///srv/mlruns/1/r/artifacts"),
        (EMBEDDED, "file:///a/.slipway/registry/artifacts/r/artifacts"),
        (MOUNTED, "/mnt/mlflow/1/r/artifacts"),
    ],
)
def test_a_registry_has_its_own_place(own: Own, uri: str) -> None:
    """Its server's, what project.yaml names, or beside a database of this machine."""
    assert require_own_artifacts(uri, own) == uri


@pytest.mark.parametrize(
    ("own", "uri"),
    [
        (SERVER, "http://attacker.example.com/api/2.0/mlflow-artifacts/artifacts/x"),
        (SERVER, "mlflow-artifacts://attacker.example.com/x"),
        (SERVER, "mlflow-artifacts://mlflow.example.com:5000@attacker.example.com/x"),
        (SERVER, "mlflow-artifacts://mlflow.example.com:5001/x"),
        (SERVER, "mlflow-artifacts://[/x"),
        (SERVER, "s3://attacker/x"),
        (SERVER, "/etc"),
        (SERVER, "file:///etc"),
        (SERVER, "runs:/0123/version"),
        (SERVER, "models:/other/1"),
        (BUCKET, "s3://attacker/mlflow/x"),
        (BUCKET, "s3://bucket/mlflow-of-others/x"),
        (BUCKET, "s3://bucket/mlflow/../x"),
        (BUCKET, "gs://bucket/mlflow/x"),
        (DATABASE, "http://attacker.example.com/x"),
        (DATABASE, "file://attacker.example.com/x"),
        (DATABASE, "//attacker.example.com/x"),
        (EMBEDDED, "file:///a/.slipway/registry/artifacts/../../heads"),
        (EMBEDDED, "file:///a/.slipway/registry/artifacts/%2e%2e/x"),
        (EMBEDDED, "mlflow-artifacts:/x"),
        (MOUNTED, "/mnt/mlflow/../other"),
    ],
)
def test_any_other_is_refused(own: Own, uri: str) -> None:
    """By its host, its port, its bucket or its folder; in one line that tells no password."""
    with pytest.raises(Refused, match=r"artifacts at .*, expected ") as caught:
        require_own_artifacts(uri, own)
    assert "s3cret" not in str(caught.value)


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """What an attacker's host was asked; its address comes first."""
    found: list[str] = []

    class Attacker(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            found.append(f"{self.path} {self.headers.get('Authorization')}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"files": []}')

        do_GET = do_PUT = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Attacker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.append(f"http://127.0.0.1:{server.server_port}/api/2.0/mlflow-artifacts/artifacts/x")
    yield found
    server.shutdown()
    server.server_close()


@pytest.mark.gate(
    "registry.artifacts",
    fed="on a shared registry: an experiment and a version whose artifacts lie at an attacker's host, "
    "while this job has a token",
    stops="record",
    exit=3,
    reason="artifacts at that host, expected the registry's own place",
    untouched="the host is never asked, so it gets no token",
)
def test_nothing_is_asked_of_a_host_that_somebody_else_chose(
    registry: Registry, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither to read records and versions nor to write some."""
    uri = f"sqlite:///{tmp_path / 'shared.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    client = MlflowClient(uri)
    experiment = client.create_experiment(registry.name, artifact_location=asked[0])
    run = client.create_run(experiment, tags={RECORD: "20260101T000000000-r"}).info.run_id
    client.set_terminated(run)
    client.create_registered_model(registry.name)
    client.create_model_version(registry.name, f"{asked[0]}/version", run)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "the-token")
    shared, text = Registry(registry.line), tmp_path / "a.txt"
    text.write_text("a")

    assert [one.kind for one in shared.chain().breaks] == ["unsigned"]
    assert shared.require_intact()
    for act in (
        lambda: shared.fetch(1, tmp_path / "out"),
        lambda: shared.artifact(run, "report.html"),
        lambda: shared.log_text(run, text, "a.txt"),
        lambda: shared._upload(run, RECORDS, text, b"a"),
    ):
        with pytest.raises(Refused, match=r"artifacts at 'http://127\.0\.0\.1:.*project\.yaml: artifacts"):
            act()
    assert len(asked) == 1, asked


def lie(path: Path, kind: str) -> None:
    """What anybody can lay in the place of a file."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        with path.open("wb") as file:
            file.truncate(MOST + 1)
    else:
        path.symlink_to(kind)


@pytest.mark.parametrize("kind", ["pipe", "folder", "large", "/nonexistent", "/dev/zero", "/etc/hostname"])
def test_a_record_that_is_no_file_stops_nobody(registry: Registry, kind: str) -> None:
    """It is told in a line; a pipe would be waited for without end."""
    before = registry.chain()
    run = record_of(registry, 6).run or ""
    place = Path(registry.artifact(run, f"{RECORDS}/{record_of(registry, 6).id}.json")).parent
    lie(place / "x.json", kind)
    found = registry.chain()

    assert [(one.kind, one.of) for one in found.breaks] == [("unsigned", "x")]
    assert found.entries == before.entries
    assert registry.require_intact(found)


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    """Up to what a record can have."""
    (path := tmp_path / "a").write_bytes(b"a" * 100)

    assert part(path).content == b"a" * 100
