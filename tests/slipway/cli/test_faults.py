"""Errors of files, of the machine and of the registry are one line; a bug keeps its traceback."""

import errno
import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pydantic import ValidationError

from slipway.cli.faults import one_line
from slipway.rollout.target import TrafficState
from tests.slipway.cli.conftest import only_line, slipway


def test_an_unknown_kind_of_registry_is_one_line(root: Path) -> None:
    """MLflow's own error, without the password that its address may hold."""
    said = only_line(slipway(root, "status", MLFLOW_TRACKING_URI="foo://user:secret@x"), 1)

    assert "MLflow" in said or "registry" in said
    assert "foo://" in said
    assert "secret" not in said


def test_an_absent_tracking_server_is_one_line(root: Path) -> None:
    """After one more try, not after minutes of them."""
    said = only_line(slipway(root, "status", MLFLOW_TRACKING_URI="http://127.0.0.1:1"), 1)

    assert "127.0.0.1" in said


def test_a_failing_tracking_server_is_asked_twice(root: Path) -> None:
    """MLflow's default is eight times, with ever longer pauses."""
    asked = []

    class Failing(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f"http://127.0.0.1:{server.server_port}"
        only_line(slipway(root, "status", MLFLOW_TRACKING_URI=uri), 1)
        server.shutdown()

    assert len(asked) == 2


def test_a_file_that_was_cut_off_is_one_line(own: Path) -> None:
    """The file, what it should have been and what to do."""
    path = own / ".slipway" / "local" / "ad_click.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"stable": {"number": 1,')
    said = only_line(slipway(own, "status"), 1)

    assert f"{path}: cut off or no JSON, expected a TrafficState" in said
    assert "`slipway recover`" in said


def test_a_half_done_move_that_cannot_be_read_is_one_line(own: Path) -> None:
    """Nobody can say on which side of it traffic is; nothing is done about it."""
    path = own / ".slipway" / "intents" / "ad_click.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"record": {"schema_version": 2}}')
    said = only_line(slipway(own, "rollback", "--reason", "robots"), 1)

    assert f"{path}: this is no Intent: record" in said
    assert "`slipway recover`" in said
    assert path.is_file()


def test_a_file_that_cannot_be_written_is_one_line(own: Path) -> None:
    """With its path and the system's words."""
    (own / "data").write_text("a file where a folder should be")
    said = only_line(slipway(own, "data", "ingest"), 1)

    assert f"{own / 'data'}" in said


@pytest.mark.gate(
    "settings.code",
    fed="a system whose code is absent, imports what nobody has, or holds no System",
    stops="settings",
    exit=2,
    reason="systems/ad_click/__init__.py: no such file",
    untouched="nothing ingested",
)
@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (None, "no such file"),
        (
            "import a_module_that_nobody_has\n",
            "cannot be imported: No module named 'a_module_that_nobody_has'",
        ),
        ("system = 'ad_click'\n", "`system` must be a slipway System, found 'ad_click'"),
    ],
)
def test_code_that_is_no_system_is_one_line(own: Path, code: str | None, fault: str) -> None:
    """A usage error that names the file to write or mend."""
    path = own / "systems" / "ad_click" / "__init__.py"
    if code is not None:
        path.write_text(code)
    said = only_line(slipway(own, "data", "ingest"), 2)

    assert f"{path}: {fault}" in said
    assert list((own / "data").rglob("*.parquet")) == []


def test_a_bug_keeps_its_traceback(own: Path) -> None:
    """Whoever wrote it needs the line."""
    (own / "systems" / "ad_click" / "__init__.py").write_text("1 / 0\n")
    ran = slipway(own, "data", "ingest")

    assert ran.returncode == 1
    assert "Traceback" in ran.stderr
    assert "ZeroDivisionError" in ran.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/a/b"), "/a/b: Permission denied"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError(errno.EXDEV, "Cross-device", "/a", None, "/b"), "/a: /b: Cross-device"),
        (OSError("something\nof a library"), "something of a library"),
        (ZeroDivisionError("division by zero"), None),
        (KeyError("x"), None),
    ],
)
def test_an_error_of_the_machine_is_told(error: Exception, said: str | None) -> None:
    """A full disk is not a bug, a division by zero is."""
    assert one_line(error) == said


def test_a_fault_in_a_file_has_its_key() -> None:
    """The first one."""
    with pytest.raises(ValidationError) as caught:
        TrafficState.model_validate_json('{"stable": {"number": "x", "bento": "b:1"}}')

    assert one_line(caught.value) == "this is no TrafficState: stable.number: Input should be a valid integer"


def test_a_database_that_is_none_is_one_line(own: Path) -> None:
    """SQLAlchemy says so before MLflow can."""
    (own / ".slipway" / "registry").mkdir(parents=True)
    (own / ".slipway" / "registry" / "mlflow.db").write_text("no database at all " * 100)

    assert "file is not a database" in only_line(slipway(own, "status"), 1)


def test_recognising_an_error_does_not_import_mlflow() -> None:
    """It takes seconds, and the error may be that of a full disk."""
    code = "import sys, slipway.cli.faults as f; f.one_line(KeyError()); print('mlflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


@pytest.mark.long
def test_no_command_tells_the_password_of_a_registry(root: Path) -> None:
    """Where nothing fails too: `status` names the registry, and `rollback` why it moves nothing there."""
    uri = f"sqlite:///{root.parent}/shared.db?token=s3cret"
    for command in (["status"], ["status", "--json"], ["rollback", "--reason", "x"], ["doctor"]):
        done = slipway(root, *command, MLFLOW_TRACKING_URI=uri)
        assert "s3cret" not in done.stdout + done.stderr, command
        assert "Traceback" not in done.stderr, command
