"""Keep the system that was chosen, note the library as it came, and begin the Git history."""

import os
import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

SYSTEM = "{{ cookiecutter.system }}"
VERSION = "{{ cookiecutter._origin.version }}"
LIBRARY = Path("slipway")
ELSEWHERE = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"}
"""They name another repository, where a hook or an alias of Git runs cookiecutter."""


def main() -> None:
    """Finish the project that cookiecutter has written, in its folder."""
    record_library()
    keep_system()
    begin_history()
    print(f"\nNext:  cd {Path.cwd().name}")
    if SYSTEM == "blank":
        print("       make setup")
        print("       .venv/bin/slipway new-system NAME --from TABLE.csv --label COLUMN --time COLUMN")
    print("       make demo SIZE=small\n")


def record_library() -> None:
    """The digests of the library as it came, in the form of sha256sum, so that edits can be told."""
    lines = [
        f"{sha256(path.read_bytes()).hexdigest()}  {path.relative_to(LIBRARY).as_posix()}\n"
        for path in sorted(LIBRARY.rglob("*"))
        if path.is_file()
    ]
    (LIBRARY / ".sha256").write_text("".join(lines), encoding="utf-8")


def keep_system() -> None:
    """Remove the folders and tests of all systems but the chosen one, and list that one alone."""
    for folder in Path("systems").iterdir():
        if folder.is_dir() and folder.name != SYSTEM:
            shutil.rmtree(folder)
            (Path("tests") / "systems" / f"test_{folder.name}.py").unlink(missing_ok=True)
    kept = [] if SYSTEM == "blank" else [SYSTEM]
    Path("project.yaml").write_text(settings(kept), encoding="utf-8")
    if not kept:
        # It names data of the system that is gone.
        Path("dvc.lock").unlink(missing_ok=True)


def settings(systems: list[str]) -> str:
    """`project.yaml` with these systems, the first as the default."""
    text = Path("project.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^systems: .*$", f"systems: [{', '.join(systems)}]", text, flags=re.MULTILINE)
    default = f"default_system: {systems[0]}\n" if systems else ""
    return re.sub(r"^default_system: .*\n", default, text, flags=re.MULTILINE)


def begin_history() -> None:
    """A repository with one commit; a name is made up where Git knows none."""
    try:
        git("init", "--quiet")
    except FileNotFoundError:
        print("git is not installed: the project has no history yet, and DVC needs one")
        return
    # Whatever `init.defaultBranch` says.
    git("symbolic-ref", "HEAD", "refs/heads/main")
    git("add", "--all")
    # A commit has an author and a committer, and Git may know one without the other.
    known = all(git("var", f"GIT_{who}_IDENT", asked=True) == 0 for who in ("AUTHOR", "COMMITTER"))
    identity = [] if known else ["-c", "user.name=slipway", "-c", "user.email=slipway@localhost"]
    # Hooks and signatures of the user's must not stop the first commit.
    commit = ["commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message"]
    git(*identity, *commit, f"Start from slipway {VERSION}")


def git(*words: str, asked: bool = False) -> int:
    """Run Git here and, but where it is only asked something, fail loudly; what it ended with.

    It runs no hooks, takes what its user ignores elsewhere, and leaves the ends of lines as they are.
    """
    known = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    plain = ("hooksPath=/dev/null", "excludesFile=/dev/null", "autocrlf=false", "safecrlf=false")
    options = [word for setting in plain for word in ("-c", f"core.{setting}")]
    return subprocess.run(
        ["git", *options, *words], env=known, check=not asked, capture_output=asked
    ).returncode


main()
