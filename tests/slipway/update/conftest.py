"""A small template under Git, with two releases, and projects made of its older one."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from slipway.update.bake import bake, clone, commit_of, git

HOLE = "{{cookiecutter.project_slug}}"
FILES = {
    "cookiecutter.json": '{"project_slug": "toy", "note": "none", "_origin": {"version": "1.0.0"}}',
    "hooks/post_gen_project.py": "import subprocess\n"
    "for words in (['init', '-q', '-b', 'main'], ['add', '-A'], ['-c', 'user.name=t', '-c', 'user.email=t@t',"
    " 'commit', '-qm', 'start']):\n    subprocess.run(['git', *words], check=True)\n",
    f"{HOLE}/.template.json": '{"schema_version": 1, "source": {{cookiecutter.source|jsonify}}, "version": '
    '"{{cookiecutter._origin.version}}", "commit": null,\n "answers": {"project_slug": '
    '{{cookiecutter.project_slug|jsonify}}, "note": {{cookiecutter.note|jsonify}}}}\n',
    f"{HOLE}/project.yaml": "name: {{cookiecutter.project_slug}}\nnote: {{cookiecutter.note}}\n",
    f"{HOLE}/Makefile": "".join(f"target{number}:\n\t@echo {number}\n" for number in range(9)),
    f"{HOLE}/requirements.txt": "one==1\n",
    f"{HOLE}/systems/a/dvc.lock": "hash: 1\n",
    f"{HOLE}/library/a.py": "A = 1\n",
    f"{HOLE}/library/b.py": "B = 1\n",
    f"{HOLE}/library/deep/c.py": "C = 1\n",
    f"{HOLE}/gone.py": "GONE = 1\n",
}
CHANGES = {
    "cookiecutter.json": '{"project_slug": "toy", "note": "none", "_origin": {"version": "1.1.0"}}',
    f"{HOLE}/Makefile": FILES[f"{HOLE}/Makefile"].replace("echo 8", "echo eight"),
    f"{HOLE}/requirements.txt": "one==2\n",
    f"{HOLE}/systems/a/dvc.lock": "hash: 2\n",
    f"{HOLE}/library/a.py": "A = 2\n",
    f"{HOLE}/library/new.py": "NEW = 1\n",
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def commit(folder: Path, message: str, *tags: str) -> None:
    """Commit all there is."""
    git(folder, "add", "--all")
    git(
        folder,
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.com",
        "commit",
        "--quiet",
        "--message",
        message,
    )
    for tag in tags:
        git(folder, "tag", tag)


@dataclass(frozen=True)
class Toy:
    """The template, and a project of its release 1.0.0."""

    template: Path
    project: Path

    def edit(self, files: Mapping[str, str]) -> None:
        """Change files of the project, and commit them."""
        write(self.project, files)
        commit(self.project, "edit")

    def read(self, name: str) -> str:
        """A file of the project."""
        return (self.project / name).read_text()

    def status(self) -> list[str]:
        """What Git says has changed in the project."""
        return git(self.project, "status", "--porcelain").splitlines()


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Toy, Path]:
    """A pair, whose files know where they lie, and beside it a copy of how it was."""
    root = tmp_path_factory.mktemp("toy") / "pair"
    template = root / "template"
    source = {
        "cookiecutter.json": FILES["cookiecutter.json"].replace('"note"', f'"source": "{template}", "note"')
    }
    write(template, FILES | source)
    git(root, "init", "--quiet", "--initial-branch", "main", str(template))
    commit(template, "one", "v1.0.0")
    answers = {"project_slug": "mine", "note": "{{ braces }} {% and %}"}
    copy = clone(str(template), root / "copy")
    project = bake(copy, commit_of(copy, "v1.0.0"), answers, root / "baked")
    later = {
        "cookiecutter.json": CHANGES["cookiecutter.json"].replace('"note"', f'"source": "{template}", "note"')
    }
    write(template, CHANGES | later)
    (template / HOLE / "gone.py").unlink()
    commit(template, "two", "v1.1.0", "v2.0.0rc1", "nightly")
    return Toy(template, project), Path(shutil.copytree(root, root.with_name("before"), symlinks=True))


@pytest.fixture
def toy(kept: tuple[Toy, Path]) -> Toy:
    """The pair as it was before anybody touched it."""
    found, before = kept
    shutil.rmtree(found.template.parent)
    shutil.copytree(before, found.template.parent, symlinks=True)
    return found
