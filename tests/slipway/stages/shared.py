"""A registry outside of the project, with a version that the team's workflow signed."""

import json
import shutil
from pathlib import Path

import pytest

from slipway.records.seal import PURPOSE
from slipway.registry.kept_records import PART, SIGNATURE
from slipway.registry.versions import Registry
from slipway.stages.register import register
from slipway.version.assemble import copy_code
from slipway.version.proven import statement
from tests.slipway.root import ROOT
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.trust.authority import Authority

ISSUER = "https://token.actions.githubusercontent.com"
WORKFLOW = "https://github.com/owner/name/.github/workflows/train.yml@refs/heads/main"


def share(desk: Desk, database: Path, folder: Path, patch: pytest.MonkeyPatch) -> Authority:
    """Give a desk a registry in `folder`, and project.yaml an own Sigstore; returns that."""
    shutil.copyfile(database, folder / "shared.db")
    patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'shared.db'}")
    authority = Authority()
    authority.write_root(desk.root / "root.json")
    settings = desk.root / "project.yaml"
    named = f"trust: {{issuer: '{ISSUER}', identity: '{WORKFLOW}', trusted_root: root.json}}\n"
    settings.write_text(f"{settings.read_text()}{named}")
    # What a version's code is compared with; slipway itself is beside it, as where a wheel is installed.
    copy_code(ROOT, folder / "code", "ad_click")
    shutil.rmtree(folder / "code" / "slipway")
    shutil.copytree(folder / "code", desk.root, dirs_exist_ok=True)
    return authority


def statements(registry: Registry) -> list[Path]:
    """What the job that trains hands to the one that signs; records first, oldest first."""
    return sorted(registry.statements.glob("*.txt"))


def sign_records(registry: Registry, authority: Authority, identity: str = WORKFLOW) -> None:
    """What the last job of the workflow does for every record that was kept here."""
    for content in (path.read_bytes() for path in statements(registry)):
        if content.startswith(PURPOSE):
            said = json.loads(content.removeprefix(PURPOSE))
            lay(registry, said["run"], said["id"], authority.sign(content, identity, ISSUER))


def lay(registry: Registry, run: str, record: str, signature: str) -> None:
    """Lay a signature beside a record."""
    for number, start in enumerate(range(0, len(signature) + 1, PART)):
        key = f"{SIGNATURE}.{record}.{number}"
        registry.client.set_tag(run, key, signature[start : start + PART])


def sign(registry: Registry, authority: Authority, number: int, identity: str = WORKFLOW) -> None:
    """What it does for a version."""
    content = statement(registry.name, number, registry.get(number).digest)
    signature = authority.sign(content, identity, ISSUER)
    registry.client.set_model_version_tag(registry.name, str(number), SIGNATURE, signature)


def trained(desk: Desk, authority: Authority) -> Registry:
    """Register the candidate of a desk as version 1, and have it and its record signed."""
    assert register(RUN, **desk.files) == 1
    sign_records(desk.registry, authority)
    sign(desk.registry, authority, 1)
    return desk.registry
