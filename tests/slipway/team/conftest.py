"""One server for all tests of a session, and a project that works with it."""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from slipway.registry.turns import STORE
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.version.assemble import copy_code
from tests.slipway.durability.scenes import SIZE, SYSTEM
from tests.slipway.root import ROOT
from tests.slipway.stages.conftest import candidate, database, desk
from tests.slipway.stages.shared import ISSUER, WORKFLOW
from tests.slipway.team.services import BUCKET, KEYS, new_database, objects, postgres, tracking
from tests.slipway.trust.authority import Authority

__all__ = ["candidate", "database", "desk"]

QUIET = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "60", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}


@dataclass(frozen=True)
class Served:
    """MLflow's server, and what else a team shares.

    Attributes:
        url: of MLflow's server.
        rows: of the PostgreSQL server, to which the name of a database is added.
        store: of the server that speaks S3.
        leases: where leases are kept.
    """

    url: str
    rows: str
    store: str
    leases: str
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What everybody of the team has set."""
        known = {"MLFLOW_TRACKING_URI": self.url, "MLFLOW_S3_ENDPOINT_URL": self.store, STORE: self.leases}
        return KEYS | QUIET | known | self.variables


@pytest.fixture(scope="session")
def rows() -> Iterator[str]:
    """PostgreSQL."""
    with postgres() as url:
        yield url


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """What speaks S3."""
    with objects() as url:
        yield url


@pytest.fixture(scope="session")
def served(rows: str, store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The server, which hands artifacts on to S3."""
    place = ("--serve-artifacts", "--artifacts-destination", f"s3://{BUCKET}/artifacts")
    with tracking(tmp_path_factory.mktemp("mlflow"), new_database(rows, "mlflow"), store, *place) as url:
        yield Served(url, rows, store, new_database(rows, "leases"))


@dataclass(frozen=True)
class Member:
    """A project of the team on some machine, and who signs for all of them."""

    root: Path
    authority: Authority

    @property
    def registry(self) -> Registry:
        """The team's."""
        return Registry(Line(Project(self.root), SYSTEM, SIZE))


def joined(root: Path, url: str, name: str, authority: Authority, more: str = "") -> Member:
    """Let a project be one of the team's.

    Args:
        url: of the registry that a target is bound to, empty for none.
        name: of the project, so that no two tests share versions.
        more: of `project.yaml`.
    """
    code = root.parent / f"code of {root.name}"
    copy_code(ROOT, code, SYSTEM)
    # What a version's code is compared with; slipway itself is beside it, as where a wheel is installed.
    shutil.rmtree(code / "slipway")
    shutil.copytree(code, root, dirs_exist_ok=True)
    shutil.copyfile(ROOT / "systems" / SYSTEM / "system.yaml", root / "systems" / SYSTEM / "system.yaml")
    authority.write_root(root / "root.json")
    text = (ROOT / "project.yaml").read_text().replace("slipway-demo", name)
    bound = f"targets: {json.dumps({'local': 'embedded', 'file': url})}\n" if url else ""
    trust = f"trust: {{issuer: '{ISSUER}', identity: '{WORKFLOW}', trusted_root: root.json}}\n"
    (root / "project.yaml").write_text(f"{text}{bound}{trust}{more}")
    return Member(root, authority)


@pytest.fixture
def shell(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """With the team's variables in the environment."""
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)
    assert os.environ["MLFLOW_TRACKING_URI"] == served.url
    return served
