"""Code is of this project, of a commit before HEAD, or nobody knows whose."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from slipway.base.errors import Refused
from slipway.trust.provenance import Origin, origin_of, require_committed

NAMES = ("bentofile.yaml", "slipway/__init__.py", "slipway/base/digest.py", "systems/ads/features.py")


def git(root: Path, *words: str) -> str:
    """Run a command of Git's in a repository, whoever's machine this is."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    command = ["git", *who, "-C", str(root), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def committed(root: Path, text: str) -> str:
    """Write every file and commit them all; the id of the commit."""
    for name in NAMES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{name}: {text}\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", text)
    return git(root, "rev-parse", "HEAD")


def code(text: str) -> dict[str, str]:
    """The digests of the files of a commit."""
    return {name: hashlib.sha256(f"{name}: {text}\n".encode()).hexdigest() for name in NAMES}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project at the top of a repository with two commits."""
    root = tmp_path / "a project"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch", "main")
    committed(root, "one")
    committed(root, "two")
    return root


def found(root: Path, files: dict[str, str], commit: str | None = None) -> Origin:
    """Where code is from, in a project that carries its slipway."""
    return origin_of(files, commit, root, root / "slipway")


def test_code_of_the_project_as_it_is_needs_no_git(root: Path) -> None:
    """As in an image, which has none; also what is not committed yet is what this process would run."""
    (root / "bentofile.yaml").write_text("bentofile.yaml: three\n")
    shutil.rmtree(root / ".git")
    files = code("two") | {"bentofile.yaml": code("three")["bentofile.yaml"]}

    assert found(root, files) == Origin("project")


def test_code_of_the_named_commit(root: Path) -> None:
    """It is told by the whole id, and only where it leads to HEAD."""
    first = git(root, "rev-parse", "HEAD~1")
    assert found(root, code("one"), first) == Origin("commit", first)
    assert str(found(root, code("one"), first)) == f"the code of commit {first[:12]}"


@pytest.mark.parametrize("named", [None, "0" * 40, "HEAD", "--help", "main~1", "-1\nHEAD~1"])
def test_after_a_squash_any_commit_with_these_files_will_do(root: Path, named: str | None) -> None:
    """The named one was never pushed, or is no id at all."""
    first = git(root, "rev-parse", "HEAD~1")
    assert found(root, code("one"), named) == Origin("commit", first)


def test_a_project_below_the_top_of_its_repository(root: Path) -> None:
    """Its files have other names in Git."""
    below = root / "below"
    below.mkdir()
    (below / "project.yaml").touch()
    first = committed(below, "one")
    committed(below, "two")

    assert found(below, code("one"), first) == Origin("commit", first)


CODE = pytest.mark.gate(
    "package.code",
    fed="code that is in no commit before HEAD, though signed: of a branch beside it, of two commits mixed, "
    "with one file more or none at all",
    stops="package",
    exit=3,
    reason="the files that differ, and what to do",
    untouched="no byte of it runs; the embedded registry takes it with its own signature and names it dirty",
    guard=["trust.code", "trust.shallow"],
)


@CODE
@pytest.mark.parametrize("case", ["beside", "mixed", "more", "newline", "none"])
def test_other_code_is_refused(root: Path, case: str) -> None:
    """The line names what differs."""
    commit = None
    if case == "beside":
        git(root, "checkout", "--quiet", "-b", "beside")
        commit = committed(root, "beside")
        git(root, "checkout", "--quiet", "main")
    files = {
        "beside": code("beside"),
        "mixed": code("two") | {NAMES[0]: code("one")[NAMES[0]]},
        "more": code("one") | {"slipway/more.py": "0" * 64},
        "newline": code("one") | {"more\nHEAD:bentofile.yaml": "0" * 64},
        "none": {},
    }[case]
    origin = found(root, files, commit)

    assert not origin.known
    with pytest.raises(Refused, match=r"version 7: dirty: in no commit.*commit or merge it") as caught:
        require_committed(origin, "version 7")
    assert "\n" not in str(caught.value)


@CODE
def test_what_is_to_be_shared_has_to_be_committed(root: Path) -> None:
    """Though this process runs it; without Git, as in an image, nobody can say."""
    package = root / "slipway"
    head = git(root, "rev-parse", "HEAD")
    assert origin_of(code("two"), None, root, package, committed=True) == Origin("commit", head)
    (root / "bentofile.yaml").write_text("bentofile.yaml: three\n")
    files = code("two") | {"bentofile.yaml": code("three")["bentofile.yaml"]}
    with pytest.raises(Refused, match=r"in no commit, but as it lies in this project; .* commit or merge it"):
        require_committed(origin_of(files, head, root, package, committed=True), "candidate")
    shutil.rmtree(root / ".git")
    assert origin_of(files, head, root, package, committed=True) == Origin("project")


@CODE
def test_a_shallow_clone_asks_for_the_rest(root: Path, tmp_path: Path) -> None:
    """What a workflow checks out by default."""
    first, shallow = git(root, "rev-parse", "HEAD~1"), tmp_path / "shallow"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", root.as_uri(), str(shallow)], check=True)
    origin = found(shallow, code("one"), first)

    with pytest.raises(Refused, match="this clone is shallow: fetch the full history"):
        require_committed(origin, "version 7")
    git(shallow, "fetch", "--quiet", "--unshallow")
    assert found(shallow, code("one"), first) == Origin("commit", first)


def test_a_link_is_not_the_file(root: Path) -> None:
    """It may lead elsewhere when it is imported."""
    (root / "bentofile.yaml").rename(root / "elsewhere")
    (root / "bentofile.yaml").symlink_to(root / "elsewhere")
    assert found(root, code("two")).source == "commit"


def test_the_slipway_of_a_wheel_is_that_of_the_wheel(root: Path, tmp_path: Path) -> None:
    """Its files lie beside no project; another wheel's are named, for the signature has to vouch for them."""
    site = tmp_path / "site-packages"
    shutil.copytree(root / "slipway", site / "slipway")
    shutil.rmtree(root / "slipway")
    git(root, "commit", "--quiet", "--all", "--message", "use the wheel")

    def asked(files: dict[str, str]) -> Origin:
        return origin_of(files, None, root, site / "slipway")

    assert asked(code("two")) == Origin("project")
    older = {name: code("one" if name.startswith("slipway/") else "two")[name] for name in NAMES}
    assert asked(older) == Origin("project", wheel=True)
    assert str(asked(older)) == "the code of this project as it is, with the slipway of another wheel"
    assert not asked({"slipway/__init__.py": "0" * 64} | {"bentofile.yaml": "0" * 64}).known
