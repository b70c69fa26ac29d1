"""Turn the live project into a template, in the copy of it that cookiecutter has made for this.

The repository holds no Jinja: it runs as it stands. Here each name in `LIVE` becomes a hole for an answer;
every other byte is kept. Cookiecutter runs this file as it is, before the first question.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from glob import escape
from pathlib import Path

OVERLAY = "{{cookiecutter.project_slug}}"
"""The folder that cookiecutter renders; in the repository it holds only the files that differ."""

QUOTED = r"""{{ cookiecutter.description | replace('\\', '\\\\') | replace('"', '\\"') }}"""
"""The description inside quotes of YAML or TOML, which escape alike; `pre_gen_project` asks for one line."""

LIVE = {
    "registry.example.com/slipway-demo": "{{ cookiecutter.image_repository }}",
    "From versioned data to a canaried model, every gate proven to bite": QUOTED,
    "slipway-demo": "{{ cookiecutter.project_slug }}",
}
"""What the live project calls itself, and the answer that stands there in a new one; longer names first."""

OWN = (
    "hooks/",
    "cookiecutter.json",
    f"{OVERLAY}/",
    "tests/template/",
    "tests/slipway/",
    "benchmarks/",
    "requirements-library.txt",
    "CONTRIBUTING.md",
    ".ci/",
    ".github/workflows/template.yml",
    "docs/adopt.md",
    "docs/adr/",
    "docs/architecture.py",
    "docs/evidence.md",
    "docs/gates.md",
    "docs/report.png",
)
"""The template's own files and folders, which no project gets: the library is proven and decided here."""

ELSEWHERE = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"}
"""They name another repository, where a hook or an alias of Git runs cookiecutter."""


def main() -> None:
    """Fill the overlay with the live project, and tell cookiecutter which files have no hole."""
    here = Path.cwd()
    known = origin(here)
    verbatim = [name for name in baked(files(here), here) if not transfer(here / name, here / OVERLAY, name)]
    questions = here / "cookiecutter.json"
    content = json.loads(questions.read_text(encoding="utf-8"))
    # They are patterns to cookiecutter, so names are escaped.
    content["_copy_without_render"] = [escape(name) for name in verbatim]
    # The overlay asks for it: where this hook is switched off, cookiecutter stops there and makes nothing.
    content["_origin"] = known
    questions.write_text(json.dumps(content), encoding="utf-8")


def files(here: Path) -> list[str]:
    """What Git would keep, uncommitted work too; all there is where there is no Git, as in an archive."""
    if (here / ".git").exists():
        command = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        names = set(git(here, *command).split("\0")) - {""}
    else:
        names = {path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file()}
    # Git still lists a file whose removal is not committed.
    return sorted(name for name in names if (here / name).is_file())


def baked(names: list[str], here: Path) -> list[str]:
    """Those that a new project gets, and for which the overlay has no other."""
    return [name for name in names if not name.startswith(OWN) and not (here / OVERLAY / name).exists()]


def transfer(source: Path, overlay: Path, name: str) -> bool:
    """Write one file of the template; whether it has holes, in its contents."""
    target = overlay / with_holes(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    try:
        text = source.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return False
    if not any(live in text for live in LIVE):
        return False
    if "endraw" in text:
        sys.exit(f"{name}: names the project and has Jinja's `endraw`; write one of the two otherwise")
    # As bytes, which keeps the ends of lines; the copy above has brought the mode.
    target.write_bytes(f"{{% raw %}}{with_holes(text, '{% endraw %}', '{% raw %}')}{{% endraw %}}".encode())
    return True


def with_holes(text: str, before: str = "", after: str = "") -> str:
    """The text with a hole for each live name."""
    for live, hole in LIVE.items():
        text = text.replace(live, f"{before}{hole}{after}")
    return text


def origin(here: Path) -> dict[str, str | None]:
    """Which template this is: its version, where it comes from, and its commit where that says it all."""
    version = (here / "slipway" / "__init__.py").read_text(encoding="utf-8").split('__version__ = "')[1]
    commit = source = None
    if (here / ".git").exists():
        # With changes on top no commit says it all; new files count, though a setting may hide them.
        changed = git(here, "status", "--porcelain", "--untracked-files=normal")
        commit = None if changed else git(here, "rev-parse", "HEAD")
        # The empty default, for without a remote Git would fail.
        remote = git(here, "config", "--default", "", "--get", "remote.origin.url")
        source = address(remote)
    return {"version": version.split('"')[0], "commit": commit, "source": source}


def address(remote: str) -> str | None:
    """Where others find it too, and without a password; None for a path of this machine."""
    if re.match(r"(https?|ssh|git)://|[\w.-]+@[\w.-]+:", remote):
        return re.sub(r"^(https?://)[^/]*@", r"\1", remote)
    return None


def git(here: Path, *arguments: str) -> str:
    """What a Git command prints."""
    command = ["git", "-C", str(here), *arguments]
    known = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
