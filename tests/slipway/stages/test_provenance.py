"""Who can write to the registry, and to nothing else, gets no byte of theirs run."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from slipway.base.digest import sha256
from slipway.base.errors import Refused
from slipway.records.seal import Seal
from slipway.registry.mlmodel import INSIDE
from slipway.registry.model_version import DIGEST
from slipway.registry.versions import MODEL_FOLDER, SIGNATURE, Registry
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.stages.evaluate import _champion
from slipway.stages.package import package
from slipway.stages.register import register
from slipway.stages.smoke import smoke
from slipway.trust.signing import LocalKey
from slipway.version.manifest import CODE, MANIFEST, Manifest, code_digest, digests
from slipway.version.proven import statement
from tests.slipway.cli.conftest import only_line, slipway
from tests.slipway.stages.conftest import RUN, Desk

ATTACK = pytest.mark.gate(
    "package.provenance",
    fed="a version of which a plain MLflow client changed the code, the manifest, the digest's tag and the "
    "record, with no signature, another version's, or one by a key of their own",
    stops="package",
    exit=3,
    reason="what the record of registration names, or who signed and whose signature was expected",
    untouched="nothing of it ran: the file that its code would write is absent; no Bento, no process",
    guard=["trust.recorded", "trust.vouched", "trust.local_key", "trust.signature", "trust.signed"],
)
NEVER = "ran"
"""The file that the attacker's code writes once anything runs it."""
PLACE = f"{MODEL_FOLDER}/{INSIDE}"
"""Of a version in its run."""


class Attacker:
    """Somebody with the address of the registry."""

    def __init__(self, registry: Registry, number: int, elsewhere: Path) -> None:
        self.client, self.name, self.number = MlflowClient(registry.uri), registry.name, str(number)
        self.run = self.client.get_model_version(self.name, self.number).run_id
        self.elsewhere, self.state = elsewhere, registry.line.project.state

    def change_code(self, mark: Path) -> None:
        """Have the version's code write a file wherever it is imported from, and every digest agree."""
        copy = self._version()
        for name in ("slipway/__init__.py", "slipway/serving/service.py", "systems/ad_click/features.py"):
            path = copy / CODE / name
            payload = f"import pathlib; pathlib.Path({str(mark)!r}).touch()\n"
            path.write_text(path.read_text().replace('"""\n', f'"""\n{payload}', 1))
            assert payload in path.read_text()
        files = digests(copy)
        manifest = Manifest.model_validate_json((copy / MANIFEST).read_bytes())
        code = manifest.code.model_copy(update={"digest": code_digest(files)})
        changed = manifest.model_copy(update={"files": files, "code": code})
        (copy / MANIFEST).write_text(changed.model_dump_json(indent=2))
        self.client.log_artifacts(self.run, str(copy), PLACE)
        self.tag(DIGEST, sha256(copy / MANIFEST))

    def change_record(self) -> None:
        """Have the record of registration name the digest that the version has now."""
        for one in self.client.list_artifacts(self.run, "records"):
            path = Path(self.client.download_artifacts(self.run, one.path, str(self._new())))
            digest = self.client.get_model_version(self.name, self.number).tags[DIGEST]
            path.write_text(json.dumps(json.loads(path.read_bytes()) | {"version_digest": digest}))
            self.client.log_artifact(self.run, str(path), "records")

    def seal_record(self) -> None:
        """What nobody can do by the registry alone: it tries the version's own signature alone."""
        [record] = (self._artifact(one.path) for one in self.client.list_artifacts(self.run, "records"))
        [path] = (self._artifact(one.path) for one in self.client.list_artifacts(self.run, "seals"))
        digest = json.loads(record.read_bytes())["version_digest"]
        seal = Seal.model_validate_json(path.read_bytes())
        seal = seal.model_copy(update={"sha256": sha256(record), "digest": digest})
        signature = LocalKey(self.state).sign(seal.statement())
        path.write_text(seal.model_copy(update={"signature": signature}).model_dump_json())
        self.client.log_artifact(self.run, str(path), "seals")
        shutil.rmtree(self.state / "heads")

    def _artifact(self, name: str) -> Path:
        return Path(self.client.download_artifacts(self.run, name, str(self._new())))

    def sign(self, how: str) -> None:
        """Put a signature there, or none."""
        tags = self.client.get_model_version(self.name, self.number).tags
        if how == "removed":
            self.client.delete_model_version_tag(self.name, self.number, SIGNATURE)
        if how == "own key":
            own = LocalKey(self._new())
            self.tag(SIGNATURE, own.sign(statement(self.name, int(self.number), tags[DIGEST])))

    def tag(self, name: str, value: str) -> None:
        """Set a tag of the version."""
        self.client.set_model_version_tag(self.name, self.number, name, value)

    def _version(self) -> Path:
        return Path(self.client.download_artifacts(self.run, PLACE, str(self._new())))

    def _new(self) -> Path:
        folder = self.elsewhere / str(len([*self.elsewhere.glob("*")]))
        folder.mkdir(parents=True)
        return folder


@pytest.fixture
def attacked(desk: Desk, tmp_path: Path) -> Attacker:
    """A version in production, whose code somebody has changed."""
    assert register(RUN, **desk.files) == 1
    desk.registry.point("production", 1)
    attacker = Attacker(desk.registry, 1, tmp_path / "elsewhere")
    attacker.change_code(tmp_path / NEVER)
    return attacker


def ask_package(desk: Desk, tmp_path: Path) -> str:
    """`slipway package`."""
    return only_line(slipway(desk.root, "package", "--size", "small", "--version", "1"), 3)


def ask_score(desk: Desk, tmp_path: Path) -> str:
    """The stage `evaluate` of the next training, which scores the champion again."""
    champion = _champion(desk.registry.line, 1, tmp_path / "champion")
    assert champion.proven is None
    return champion.problem or ""


def ask_stage(desk: Desk, tmp_path: Path) -> str:
    """The stage `package` of a rollout."""
    with pytest.raises(Refused) as caught:
        package(RUN, 1)
    return str(caught.value)


def ask_smoke(desk: Desk, tmp_path: Path) -> str:
    """The stage `smoke`, which reads the sample of the version."""
    with pytest.raises(Refused) as caught:
        smoke(RUN, version=1, bento="b:1", checks=tmp_path / "checks.json")
    return str(caught.value)


@ATTACK
@pytest.mark.parametrize(
    ("how", "expected", "ask"),
    [
        ("as it was", "is not of these bytes", ask_package),
        ("as it was", "is not of these bytes", ask_score),
        ("removed", "not signed", ask_stage),
        ("own key", "signed by local .*, expected this state folder's", ask_smoke),
        ("own key", "signed by local .*, expected this state folder's", ask_package),
    ],
)
def test_changed_code_never_runs(
    desk: Desk,
    attacked: Attacker,
    tmp_path: Path,
    how: str,
    expected: str,
    ask: Callable[[Desk, Path], str],
) -> None:
    """Whatever else in the registry was made to agree with it."""
    attacked.change_record()
    attacked.seal_record()
    attacked.sign(how)
    said = ask(desk, tmp_path)

    assert re.search(expected, said), said
    assert "slipway adopt-version 1" in said
    assert not (tmp_path / NEVER).exists()
    assert not (desk.root / ".slipway" / "bentoml" / "bentos").exists()


@pytest.mark.gate("chain.intact")
@pytest.mark.parametrize("ask", [ask_package, ask_score, ask_stage, ask_smoke])
def test_a_record_that_was_changed_with_it_is_told_first(
    desk: Desk, attacked: Attacker, tmp_path: Path, ask: Callable[[Desk, Path], str]
) -> None:
    """Before anybody asks who signed the version."""
    attacked.change_record()

    assert "its decision records are not those that were kept: changed: " in ask(desk, tmp_path)
    assert not (tmp_path / NEVER).exists()
    assert not (desk.root / ".slipway" / "bentoml" / "bentos").exists()


@ATTACK
@pytest.mark.parametrize("ask", [ask_package, ask_score, ask_smoke])
def test_the_record_of_registration_names_the_digest(
    desk: Desk, attacked: Attacker, tmp_path: Path, ask: Callable[[Desk, Path], str]
) -> None:
    """Even what the own key has signed has to be what was registered."""
    desk.registry.sign(1, desk.registry.get(1).digest)

    assert "its record of registration names the digest" in ask(desk, tmp_path)
    assert not (tmp_path / NEVER).exists()


@ATTACK
def test_an_older_version_takes_no_newer_ones_place(desk: Desk, tmp_path: Path) -> None:
    """With its own good signature: the number is signed, too."""
    assert register(RUN, **desk.files) == 1
    registry = desk.registry
    assert registry.register(registry.start_run("training", "again", "f"), desk.models / "candidate") == 2
    old, new = registry.get(1), registry.get(2)
    shutil.rmtree(tmp_path / "elsewhere", ignore_errors=True)
    attacker = Attacker(registry, 1, tmp_path / "elsewhere")
    attacker.tag(SIGNATURE, new.signature or "")

    assert old.digest == new.digest
    with pytest.raises(Refused, match="is not of these bytes"):
        registry.vouched(registry.get(1))


def test_what_was_trained_here_is_proven_and_says_where_its_code_is_from(desk: Desk, tmp_path: Path) -> None:
    """A version of this machine says whose it is and that its code is in no commit."""
    assert register(RUN, **desk.files) == 1
    registry = Registry(Line(Project(desk.root), "ad_click", "small"))
    found = registry.download(1, tmp_path / "version")

    assert found.signer == registry.vouched(registry.get(1))
    assert found.digest == registry.get(1).digest
    assert str(found.origin).startswith("dirty: in no commit, and requirements-serving.txt")
