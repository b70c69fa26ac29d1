"""`slipway doctor`: each finding says what is there, what is needed and what to do."""

import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from slipway import doctor
from slipway.settings.root import Project
from tests.slipway.root import ROOT


@pytest.mark.parametrize(
    ("version", "ok"), [((3, 10, 9), False), ((3, 11, 0), True), ((3, 13, 4), True), ((3, 14, 0), False)]
)
def test_python_has_a_floor_and_a_ceiling(version: tuple[int, ...], ok: bool) -> None:
    """The locks hold wheels for 3.11 to 3.13."""
    assert doctor.python(version).ok is ok


@pytest.mark.parametrize(
    ("name", "machine", "libc", "ok"),
    [
        ("Linux", "x86_64", ("glibc", "2.36"), True),
        ("Linux", "aarch64", ("glibc", "2.28"), True),
        ("Linux", "x86_64", ("glibc", "2.17"), False),
        ("Linux", "x86_64", ("", ""), False),
        ("Darwin", "arm64", ("", ""), True),
        ("Darwin", "x86_64", ("", ""), False),
        ("Windows", "AMD64", ("", ""), False),
    ],
)
def test_the_platform_is_one_with_wheels(name: str, machine: str, libc: tuple[str, str], ok: bool) -> None:
    """An old C library or musl is refused as well as another system."""
    assert doctor.system(name, machine, libc).ok is ok


def test_too_little_disk_or_memory_is_found() -> None:
    """The bounds are three and two gigabytes."""
    assert not doctor.disk(2_900_000_000).ok
    assert doctor.disk(3_000_000_000).ok
    assert not doctor.memory(1_900_000_000).ok
    assert doctor.memory(2_000_000_000).ok


def test_what_only_warns_does_not_block() -> None:
    """Other packages and little memory may do; too little disk does not."""
    warned = [doctor.memory(0), doctor.packages({"a": "1"}, {})]
    assert [(one.ok, one.missing) for one in warned] == [(False, False)] * 2
    assert doctor.disk(0).missing
    assert not doctor.disk(10**12).missing


def test_a_folder_that_is_not_there_cannot_be_written(tmp_path: Path) -> None:
    """The finding carries the system's own words."""
    assert doctor.folder(tmp_path).ok
    assert "No such file" in doctor.folder(tmp_path / "gone").found


def test_a_repository_may_lie_above(tmp_path: Path) -> None:
    """A project in a subfolder of a repository is in a repository."""
    (tmp_path / "project").mkdir()
    assert not doctor.repository(tmp_path / "project").ok
    (tmp_path / ".git").mkdir()
    assert doctor.repository(tmp_path / "project").ok


def test_workflows_below_the_top_of_a_repository_are_told(tmp_path: Path) -> None:
    """GitHub never runs them; a project without any, or with a repository of its own, has no fault."""
    project = tmp_path / "models" / "churn"
    (tmp_path / ".git").mkdir()
    project.mkdir(parents=True)
    assert doctor.workflows(project).ok
    (project / ".github" / "workflows").mkdir(parents=True)
    told = doctor.workflows(project)

    assert (told.ok, told.missing) == (False, False)
    assert told.found == f".github/ below the top of the repository {tmp_path}, where GitHub never runs it"
    assert "have its jobs work in models/churn/" in told.hint
    (project / ".git").mkdir()
    assert doctor.workflows(project).ok


def test_a_tool_that_is_absent_is_named() -> None:
    """The hint says how to get it."""
    found = doctor.tool("git", None)
    assert not found.ok
    assert "install git" in found.hint


def test_pins_of_other_platforms_do_not_count() -> None:
    """Only the requirements whose markers hold here are asked for."""
    lock = (
        "one==1.0 \\\n    --hash=sha256:00\n"
        "two==2.0 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n"
        "three-x==3.0 ; python_full_version >= '3.11' \\\n    --hash=sha256:00\n"
    )
    assert doctor.pins(lock) == {"one": "1.0", "three-x": "3.0"}


def test_the_lock_is_read_whole() -> None:
    """Of the real lock every requirement is either a pin here or belongs elsewhere."""
    lock = (ROOT / "requirements.txt").read_text()
    lines = [line for line in lock.splitlines() if line[:1].isalnum()]
    assert 150 < len(doctor.pins(lock)) <= len(lines)


def test_packages_that_differ_are_named() -> None:
    """Another version and an absent package are both differences."""
    found = doctor.packages({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "9"})
    assert not found.ok
    assert found.found == "b 9, pinned 2; c absent, pinned 3"
    assert doctor.packages({"a": "1"}, {"a": "1", "other": "5"}).ok


def test_no_lock_is_not_ok() -> None:
    """Nothing pinned means nothing known."""
    assert not doctor.packages({}, {"a": "1"}).ok


def test_an_absent_registry_is_fine_and_a_broken_one_is_not(tmp_path: Path) -> None:
    """A file that is not MLflow's would fail much later; no hint says to throw it away."""
    folder = tmp_path / "a folder"
    assert doctor.embedded_registry(folder).ok
    folder.mkdir()
    path = folder / "mlflow.db"
    path.write_text("not a database, but long enough to be read as the header of one" * 20)
    found = doctor.embedded_registry(folder)
    assert not found.ok
    assert "slipway restore" in found.hint
    path.unlink()
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments(max_results=1)
    assert doctor.embedded_registry(folder).found == "embedded, 0 versions"


@pytest.mark.parametrize(
    "one", [doctor.disk(0), doctor.memory(0), doctor.embedded_registry(Path("/nonexistent"))]
)
def test_no_hint_destroys_what_is_kept_nowhere_else(one: doctor.Requirement) -> None:
    """Neither a command that deletes, nor the advice to put away what holds the records."""
    assert not re.search(r"make reset|\brm\b|delete|remove|move .* away|a new one", one.hint)


@pytest.fixture
def tracking_server() -> Iterator[str]:
    """A server that knows /health only."""

    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_tracking_server_is_asked(tracking_server: str) -> None:
    """It must answer /health; one that does not answer is not ok."""
    assert doctor.remote_registry(tracking_server, "there").ok
    assert not doctor.remote_registry(f"{tracking_server}/elsewhere", "there").ok
    assert not doctor.remote_registry("http://127.0.0.1:1", "there").ok


def test_the_password_of_a_registry_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings are printed and pasted into issues."""
    # pragma: allowlist nextline secret
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://user:secret@db.example.com/mlflow")
    assert "secret" not in str(doctor.registry(Project(ROOT)))


def test_everything_is_looked_at() -> None:
    """One finding per name, each with what was found and what is needed."""
    findings = doctor.diagnose(Project(ROOT))
    names = [one.name for one in findings]
    assert len(set(names)) == len(names) == 18
    assert all(one.found and one.needed and (one.ok or one.hint) for one in findings)


@pytest.mark.parametrize(
    ("url", "ok"),
    [("../.slipway/dvc-remote", False), ("../../elsewhere", True), ("s3://bucket/data", True), (None, False)],
)
def test_data_is_shared_where_its_remote_is_elsewhere(tmp_path: Path, url: str | None, ok: bool) -> None:
    """A remote inside the project is gone with the machine; nothing makes a table anew."""
    (tmp_path / "p" / ".dvc").mkdir(parents=True)
    remote = f"[core]\n    remote = r\n['remote \"r\"']\n    url = {url}\n" if url else ""
    (tmp_path / "p" / ".dvc" / "config").write_text(remote)
    found = doctor.shared_data(Project(tmp_path / "p"))
    assert (found.ok, found.missing) == (ok, False)
    table = doctor.shared_data(Project(tmp_path / "p"), ["systems/churn/source"])
    assert (table.ok, table.missing, "systems/churn/source" in table.found) == (ok, not ok, not ok)


def test_an_edited_library_is_a_warning(tmp_path: Path) -> None:
    """With the names of the files, as an update will merge them; the one that is being made is not judged."""
    assert doctor.library(tmp_path / "gone").ok
    assert doctor.library(tmp_path).found == "where it is made"
    (tmp_path / "runs.py").write_text("# ours\n")
    (tmp_path / ".sha256").write_text(f"{'0' * 64}  runs.py\n")
    found = doctor.library(tmp_path)
    assert (found.ok, found.missing, found.found) == (False, False, "edited: runs.py")
