"""A template's hooks are somebody's code: whose they are is said first, and they get to know little."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.update.bake import bake, clone, git
from slipway.update.merge import merged
from slipway.update.origin import FILE
from tests.slipway.update.conftest import FILES, Toy, commit, write

HOOK = "hooks/post_gen_project.py"


def release(template: Path, hook: str, *tags: str) -> None:
    """A release whose hook does something before it makes the project."""
    write(template, {HOOK: f"{hook}\n{FILES[HOOK]}"})
    commit(template, "three", *tags)


def remembers(toy: Toy, **fields: object) -> None:
    """Change the project's record of its template, and commit it as a merged pull request would."""
    toy.edit({FILE: json.dumps(json.loads(toy.read(FILE)) | fields)})


@pytest.fixture
def evil(toy: Toy, tmp_path: Path) -> Path:
    """A copy of the template whose newest release leaves a mark where it runs."""
    copy = Path(shutil.copytree(toy.template, tmp_path / "evil"))
    release(copy, f"open({str(tmp_path / 'ran')!r}, 'w')", "v9.0.0")
    return copy


@pytest.mark.gate(
    "update.moved",
    fed="a source in .template.json that is not the one with which the project began",
    stops="update",
    exit=3,
    reason="a template's hooks are run, so say that it is meant",
    untouched="nothing is fetched, no hook runs, no file changes",
)
def test_a_source_that_was_changed_is_not_followed(toy: Toy, evil: Path, tmp_path: Path) -> None:
    """One line of a pull request; whoever means it names it."""
    remembers(toy, source=str(evil))
    lines: list[str] = []

    with pytest.raises(Refused, match=rf"found '{evil}', but the project began with '{toy.template}'"):
        merged(toy.project, None, None, lines.append)
    assert lines == []
    assert not (tmp_path / "ran").exists()
    assert toy.status() == []

    assert merged(toy.project, str(evil), None).after == "1.1.0"
    assert (tmp_path / "ran").exists()


def test_another_beginning_that_is_merged_in(toy: Toy, evil: Path, tmp_path: Path) -> None:
    """A history of its own, dated before the project's, which brings the file once more."""
    git(toy.project, "checkout", "--quiet", "--orphan", "older")
    record = json.dumps(json.loads(toy.read(FILE)) | {"source": str(evil)})
    git(toy.project, "rm", "-r", "-f", "--quiet", ".")
    write(toy.project, {FILE: record})
    commit(toy.project, "older")
    git(toy.project, "checkout", "--quiet", "main")
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    git(
        toy.project,
        *who,
        "merge",
        "-q",
        "--allow-unrelated-histories",
        "-X",
        "theirs",
        "-m",
        "merge",
        "older",
    )
    assert json.loads(toy.read(FILE))["source"] == str(evil)

    with pytest.raises(Refused, match="so say that it is meant"):
        merged(toy.project, None, None)
    assert not (tmp_path / "ran").exists()


def test_a_history_that_is_cut_off(toy: Toy, tmp_path: Path) -> None:
    """Of a shallow clone nobody knows how it began."""
    remembers(toy, version="1.0.0")
    git(tmp_path, "clone", "--quiet", "--depth", "1", toy.project.as_uri(), "shallow")
    with pytest.raises(Refused, match="but Git has not its first"):
        merged(tmp_path / "shallow", None, None)


def test_hooks_know_nothing_of_the_environment(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """No token, no secret, nothing of a job or a cloud: what they see is written into the project."""
    for name in (
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "GIT_CONFIG_VALUE_7",
        "MLFLOW_TRACKING_URI",
        "PYTHONPATH",
    ):
        monkeypatch.setenv(name, "s3cret")
    release(toy.template, "import json, os; json.dump(dict(os.environ), open('seen.json', 'w'))", "v1.2.0")
    merged(toy.project, None, None)

    assert "s3cret" not in toy.read("seen.json")
    assert json.loads(toy.read("seen.json"))["HOME"] != os.environ.get("HOME")


def test_what_runs_is_said_before_it_runs(toy: Toy) -> None:
    """With whose it is, at which commits, and by which name they were chosen."""
    release(toy.template, "raise SystemExit('no')", "v1.2.0")
    lines: list[str] = []
    with pytest.raises(SlipwayError):
        merged(toy.project, None, None, lines.append)

    old, new = (git(toy.template, "rev-parse", f"{tag}^{{commit}}")[:12] for tag in ("v1.0.0", "v1.2.0"))
    assert lines[-1] == f"running the hooks of {toy.template} at {old} and at {new} (v1.2.0)"


def test_an_answer_is_no_option(toy: Toy, tmp_path: Path) -> None:
    """Answers come from the same file, and cookiecutter would write wherever an option says."""
    copy = clone(str(toy.template), tmp_path / "again")
    elsewhere = tmp_path / "elsewhere"
    bake(copy, "v1.0.0", {"project_slug": "mine", "--output-dir": str(elsewhere)}, tmp_path / "out")
    assert not elsewhere.exists()


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key to sign with, which this user's Git trusts."""
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    (tmp_path / "signers").write_text(f"t@example.com {key.with_suffix('.pub').read_text()}")
    settings = {"gpg.format": "ssh", "gpg.ssh.allowedSignersFile": str(tmp_path / "signers")}
    for number, (name, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", name)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    return key


def sign(template: Path, key: Path, tag: str) -> None:
    """Sign what the template has checked out."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", f"user.signingKey={key}")
    git(template, *who, "tag", "--sign", "--message", tag, tag)


def test_a_signed_release_is_merged(toy: Toy, key: Path) -> None:
    """By its tag, or as the newest one."""
    sign(toy.template, key, "v1.2.0")
    assert merged(toy.project, None, None, signed=True).after == "1.1.0"


@pytest.mark.gate(
    "update.signed",
    fed="an update that has to be signed, to a tag without a signature, of an unknown key, or to no tag",
    stops="update",
    exit=3,
    reason="expected a tag signed by a key that your Git trusts",
    untouched="no hook runs, no file changes",
)
@pytest.mark.parametrize("to", [None, "v1.1.0", "main", "v1.3.0"])
def test_what_nobody_signed_is_refused(toy: Toy, key: Path, tmp_path: Path, to: str | None) -> None:
    """A branch is no tag, and a key that is not trusted signs nothing."""
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    release(toy.template, f"open({str(tmp_path / 'ran')!r}, 'w')")
    sign(toy.template, other, "v1.3.0")
    with pytest.raises(Refused, match="expected a tag signed by a key that your Git trusts"):
        merged(toy.project, None, to, signed=True)
    assert not (tmp_path / "ran").exists()
    assert toy.status() == []


@pytest.mark.gate("update.signed")
def test_a_signature_does_not_vouch_for_another_history(toy: Toy, key: Path, tmp_path: Path) -> None:
    """The hooks of the old commit are run as well."""
    sign(toy.template, key, "v1.2.0")
    git(toy.template, "checkout", "--quiet", "-b", "aside", "v1.0.0")
    release(toy.template, f"open({str(tmp_path / 'ran')!r}, 'w')")
    remembers(toy, commit=git(toy.template, "rev-parse", "HEAD"))
    with pytest.raises(Refused, match="is no part of its history"):
        merged(toy.project, None, "v1.2.0", signed=True)
    assert not (tmp_path / "ran").exists()


@pytest.mark.gate(
    "update.signed_name",
    fed="a template in which the name of a newer release leads to the signed tag of an older one",
    stops="update",
    exit=3,
    reason="'v1.3.0': signed as 'v1.2.0', expected its own name",
    untouched="no hook runs, no file changes",
)
@pytest.mark.parametrize("to", [None, "v1.3.0"])
def test_a_signature_vouches_for_its_name(toy: Toy, key: Path, tmp_path: Path, to: str | None) -> None:
    """Git itself verifies the tag that a name leads to, whatever it is called."""
    release(toy.template, f"open({str(tmp_path / 'ran')!r}, 'w')")
    sign(toy.template, key, "v1.2.0")
    git(toy.template, "update-ref", "refs/tags/v1.3.0", git(toy.template, "rev-parse", "refs/tags/v1.2.0"))
    with pytest.raises(Refused, match=r"^'v1\.3\.0': signed as 'v1\.2\.0', expected its own name$"):
        merged(toy.project, None, to, signed=True)
    assert not (tmp_path / "ran").exists()
    assert toy.status() == []
