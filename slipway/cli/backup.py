"""`slipway backup` and `slipway restore`: the embedded registry as one file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from slipway.base.errors import SlipwayError
from slipway.cli.console import Teller, err, out
from slipway.cli.lines import possible
from slipway.settings.root import Project
from slipway.trust.signing import KEY


def backup(
    to: Annotated[Path, typer.Argument(metavar="FILE", help="New file: .tar, .tar.gz, .tgz or .tar.xz.")],
    without_key: Annotated[
        bool, typer.Option("--without-key", help="Leave the private key out: for an archive that others get.")
    ] = False,
) -> None:
    """Write registry, records, traffic and DVC's local remote to one file, while others may write."""
    from slipway.data.versions import remote_elsewhere
    from slipway.registry.backup import back_up

    project = Project.find()
    with Teller().doing("backup"):
        index, left = back_up(project, to, with_key=not without_key)
    for line in left:
        err.print(f"warning: left out: {line}", markup=False)
    _tell_broken(index.broken)
    size = sum(held.size for held in index.files.values())
    out.print(f"{to}: {len(index.files):,} files, {size / 1e6:,.1f} MB", markup=False)
    if KEY in index.files:
        out.print(
            f"it holds the private key {index.key}: whoever reads it can sign as this registry", markup=False
        )
    elif index.key:
        place = f".slipway/{KEY}"
        out.print(f"without the key {index.key}: restored, it needs that in {place}, mode 600", markup=False)
    if remote := remote_elsewhere(project):
        out.print(f"the data is not in it: DVC's remote is {remote}", markup=False)


def restore(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="An archive of `slipway backup`.")],
) -> None:
    """Put an archive of `slipway backup` into a checkout of its project that has no registry yet."""
    from slipway.registry.restore import restore
    from slipway.registry.versions import Registry

    project = Project.find()
    with Teller().doing("restore"):
        index = restore(project, archive)
        verdicts = {one.name: one.verdict() for one in map(Registry, possible(None, None)) if one.begun}
    out.print(
        f"restored {len(index.files):,} files of {index.made_at:%Y-%m-%d %H:%M:%S} UTC by {index.made_by}",
        markup=False,
    )
    for name, verdict in verdicts.items():
        out.print(f"{name}: {verdict}", markup=False)
    if index.key and not (project.state / KEY).is_file():
        raise SlipwayError(
            f"restored without the key {index.key}, by which its records are signed: put it into "
            f"{project.state / KEY}, mode 600"
        )  # guard restore.key_absent
    _tell_broken(index.broken)
    new = [
        fault
        for name, verdict in verdicts.items()
        for fault in map(str, verdict.breaks)
        if fault not in index.broken.get(name, [])
    ]
    if new:
        raise SlipwayError(
            f"restored, but not as it was when it was backed up: {new[0]}"
        )  # guard restore.verified


def _tell_broken(broken: dict[str, list[str]]) -> None:
    for name, faults in broken.items():
        for fault in faults:
            err.print(f"warning: {name}: broken already when it was backed up: {fault}", markup=False)


def add(app: typer.Typer) -> None:
    """Add `slipway backup` and `slipway restore` to the program."""
    app.command()(backup)
    app.command()(restore)
