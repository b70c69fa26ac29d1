"""`make audit`: a known fault, none, and nobody answered are three answers, and only one of them passes."""

import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.repo.locks import locked
from tests.repo.root import text
from tests.root import REPOSITORY
from tests.template.test_makefile import make, project

__all__ = ["project"]

UV = """#!/bin/sh
echo "$@" >> calls
for script; do :; done
case "$1" in
  lock) cp "$script" script; exit {lock};;
  audit) exit {audit};;
esac
"""


@pytest.mark.parametrize(
    ("lock", "audit", "said"),
    [
        (0, 0, None),
        (0, 1, "has a known fault"),
        (0, 2, "not shown"),
        (0, 101, "not shown"),
        (1, 0, "not shown"),
        (2, 0, "not shown"),
    ],
)
def test_three_answers(project: Path, lock: int, audit: int, said: str | None) -> None:
    """Whatever uv says that is neither yes nor no is not shown, and that is no pass."""
    assert make(project, "setup").returncode == 0
    (project / ".venv/bin/uv").write_text(UV.format(lock=lock, audit=audit))
    (project / ".venv/bin/uv").chmod(0o755)
    (project / "bin/mktemp").symlink_to(str(shutil.which("mktemp")))
    done = make(project, "audit")

    assert (done.returncode == 0) is (said is None), done.stderr
    assert said is None or said in done.stderr


def test_every_pin_is_asked_about(project: Path) -> None:
    """Those of the largest lock, which the others are parts of, for every Python and system."""
    assert make(project, "setup").returncode == 0
    shutil.copy(REPOSITORY / "requirements-dev.txt", project)
    (project / ".venv/bin/uv").write_text(UV.format(lock=0, audit=0))
    (project / ".venv/bin/uv").chmod(0o755)
    (project / "bin/mktemp").symlink_to(str(shutil.which("mktemp")))
    assert make(project, "audit", "OSV=http://127.0.0.1:1/").returncode == 0

    pins, _, overrides = (project / "script").read_text().partition("override-dependencies")
    for part in (pins, overrides):
        assert {line[5:-2] for line in part.splitlines() if line.startswith('#   "')} == set(
            locked("requirements-dev.txt")
        )
    assert "--service-url http://127.0.0.1:1/" in (project / "calls").read_text()


def test_what_is_accepted_is_explained() -> None:
    """By its id, in SECURITY.md."""
    (line,) = [one for one in text("Makefile").splitlines() if one.startswith("ACCEPTED =")]
    assert [one for one in line.split()[2:] if one not in text("SECURITY.md")] == []


class Advisories(http.server.BaseHTTPRequestHandler):
    """Stands for OSV: one package has a fault, or the database is broken."""

    faulty: str | None = None
    broken = False

    def do_POST(self) -> None:
        """Which of the packages that are asked about have advisories."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["queries"]
        found = {"vulns": [{"id": "GHSA-test", "modified": "2026-01-01T00:00:00Z"}]}
        self._say({"results": [found if one["package"]["name"] == self.faulty else {} for one in asked]})

    def do_GET(self) -> None:
        """One advisory."""
        self._say({"id": "GHSA-test", "modified": "2026-01-01T00:00:00Z", "summary": "it is bad"})

    def _say(self, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(500 if self.broken else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def database() -> Iterator[tuple[str, type[Advisories]]]:
    """Its address, and what it answers."""
    handler = type("Handler", (Advisories,), {})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", handler
    server.shutdown()
    server.server_close()


@pytest.mark.long
@pytest.mark.parametrize(
    ("faulty", "broken", "said"),
    [
        (None, False, "no known vulnerabilities"),
        ("numpy", False, "has a known fault"),
        (None, True, "not shown"),
    ],
)
def test_the_real_uv_gives_them(
    database: tuple[str, type[Advisories]], faulty: str | None, broken: bool, said: str
) -> None:
    """On the locks of this repository."""
    if os.environ.get("SLIPWAY_ONLINE") != "1":
        pytest.skip("asks the package index; SLIPWAY_ONLINE=1 allows it")
    database[1].faulty, database[1].broken = faulty, broken
    command = ["make", "audit", f"OSV={database[0]}"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert (done.returncode == 0) is (said == "no known vulnerabilities"), done.stderr
    assert said in done.stdout + done.stderr
