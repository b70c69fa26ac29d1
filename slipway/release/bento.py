"""A registered version as a Bento, built from the code that the version carries."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock
from pydantic import ValidationError

from slipway.base.errors import SlipwayError
from slipway.settings.project import bento_name
from slipway.settings.root import Project
from slipway.trust.environment import bare
from slipway.version.manifest import CODE, MANIFEST, REGISTERED, Manifest, Registered, verify
from slipway.version.origin import search_path
from slipway.version.proven import Proven


def build_bento(project: Project, version: Proven, registered: Registered) -> str:
    """Build the Bento of a version, once; its tag is the registered name and number.

    Raises:
        SlipwayError: the version is not the registered one, another was packaged under its number, or the
            build failed.
    """
    version.verified()
    manifest = verify(version.folder, expected=registered.digest)  # what was proven is what is registered
    tag = f"{bento_name(registered.name)}:{registered.number}"
    store = project.kept / "bentoml"
    store.mkdir(parents=True, exist_ok=True)
    # Two runs may package the same version; the second finds it done.
    with FileLock(store / "build.lock"):
        if not _packaged(bento_path(project, tag), registered):
            _build_aside(version.folder, manifest, registered, store, bento_path(project, tag))
    return tag


def bento_path(project: Project, tag: str) -> Path:
    """The folder of a Bento in the project's store."""
    name, _, version = tag.partition(":")
    return project.kept / "bentoml" / "bentos" / name / version


def _packaged(bento: Path, registered: Registered) -> bool:
    """Whether it is there already and whole; a damaged one is built again."""
    from slipway.version.packed import require_packed

    try:
        # Cheap first: the name and digest, before any file is hashed.
        found = Registered.model_validate_json((bento / "src" / "version" / REGISTERED).read_bytes())
    except (OSError, ValidationError):
        return False
    # Not replaced: traffic may still be served from that folder.
    if found != registered:
        raise SlipwayError(
            f"{bento}: holds {found.name} {found.number} with digest {found.digest[:12]}…, "
            f"expected {registered.name} {registered.number} with {registered.digest[:12]}…; "
            "stop what it serves and delete that folder to package this version"
        )  # guard package.number
    try:
        require_packed(bento / "src", registered.digest)
    except SlipwayError:
        return False
    return (bento / "bento.yaml").is_file()


def _build_aside(folder: Path, manifest: Manifest, registered: Registered, store: Path, bento: Path) -> None:
    """BentoML copies into its store file by file; in a store aside, a kill leaves nothing that looks whole.

    The context lies in the system's temporary folder: BentoML reads no file below a hidden one.
    """
    for left in store.glob("aside-*"):
        shutil.rmtree(left, ignore_errors=True)  # the build of a killed run may still be writing there
    name, number = bento.parent.name, bento.name
    with (
        tempfile.TemporaryDirectory(prefix="aside-", dir=store) as home,
        tempfile.TemporaryDirectory(prefix="slipway-") as context,
    ):
        lay_out(folder, manifest, registered, Path(context))
        _build(Path(context), Path(home), name, number)
        bento.parent.mkdir(parents=True, exist_ok=True)
        # A rename cannot replace a folder that has content; the damaged one goes with `home`.
        if bento.exists():
            bento.replace(Path(home) / "damaged")
        (Path(home) / "bentos" / name / number).replace(bento)


def lay_out(folder: Path, manifest: Manifest, registered: Registered, context: Path) -> None:
    """Lay a version out in `context` as a Bento has it: its code at the root, the rest in `version/`."""
    for name in (*manifest.files, MANIFEST):
        (context / packed(name)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, context / packed(name))
    (context / "version" / REGISTERED).write_text(registered.model_dump_json(indent=2), encoding="utf-8")


def packed(name: str) -> str:
    """Where a file of a version lies in the `src` of its Bento."""
    return name.removeprefix(f"{CODE}/") if name.startswith(f"{CODE}/") else f"version/{name}"


def _build(context: Path, home: Path, name: str, number: str) -> None:
    """In a process of its own, which imports the version's code and not the working tree's."""
    environment = bare(
        BENTOML_HOME=str(home),
        BENTOML_DO_NOT_TRACK="True",
        # `bentoml build` calls uv, which the set-up installs beside Python.
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        # A version refuses to start beside files that its manifest does not list.
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONPATH=search_path(context),
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter, no user input
        [sys.executable, "-m", "bentoml", "build", "--name", name, "--version", number],
        env=environment,
        cwd=context,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = done.stdout.strip().splitlines()[-1:] or ["it said nothing"]
        raise SlipwayError(f"bentoml build {name}:{number}: {last[0]}")  # guard package.build
