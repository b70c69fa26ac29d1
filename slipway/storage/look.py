"""Everything of a project's state that grows, as items: what is needed of it, and what by nobody."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from slipway.base.atomic import is_left_beside
from slipway.base.provenance import now
from slipway.registry.kept_records import RECORD
from slipway.registry.place import ARTIFACTS, DATABASE, bring_along, read_only
from slipway.registry.tracking import PIPELINE_RUN
from slipway.settings.line import lines_of
from slipway.settings.root import Project
from slipway.storage import data_objects
from slipway.storage.item import Item, size_of
from slipway.storage.needs import Needs
from slipway.storage.run_folders import has_ended, left_over, old_logs, run_folders

YOUNG = timedelta(days=1)
"""A run of MLflow that began since may still get its record."""
DEEP = ("environments", "dvc-remote", "trash")
"""Of the state folder, where nobody writes beside a file and there are many."""


def look(project: Project, needs: Needs) -> list[Item]:
    """All of it; nothing is changed."""
    found = [
        *_runs(project),
        *_bentos(project, needs),
        *_environments(project, needs),
        *_logs(project, needs),
        *_artifacts(project),
        *_data(project, needs),
        *(Item("copies", one, 0) for one in sorted((project.kept / "fetched").glob("*"))),
        *_temporary(project),
    ]
    return [replace(one, size=size_of(one.path)) for one in found]


def _runs(project: Project) -> Iterator[Item]:
    free = set(left_over(project))
    for one in sorted(run_folders(project).glob("*")):
        if one.is_dir():
            why = "it is the last that failed" if has_ended(one) else "it is going on"
            yield Item("runs", one, 0, None if one in free else why)


def _bentos(project: Project, needs: Needs) -> Iterator[Item]:
    """Of the registry that is asked; those of others stay, as nothing is known of their versions."""
    for place in project.kept_of_all:
        for one in sorted((place / "bentoml" / "bentos").glob("*/*")):
            if not one.is_dir():
                continue
            why = needs.bentos.get(f"{one.parent.name}:{one.name}")
            if place != project.kept:
                why = "it is of another registry, which was not asked"
            elif one.parent.name not in needs.lines:
                why = "it is of no line of project.yaml"
            yield Item("bentos", one, 0, why)


def _environments(project: Project, needs: Needs) -> Iterator[Item]:
    for one in sorted((project.state / "environments").glob("*")):
        if one.is_dir() and not one.name.startswith("."):
            lock = one.name.partition("-")[0]
            needed = needs.locks is None or any(each.startswith(lock) for each in needs.locks)
            yield Item("environments", one, 0, "a version may be scored again in it" if needed else None)


def _logs(project: Project, needs: Needs) -> Iterator[Item]:
    old = set(old_logs(project))
    for path in sorted(run_folders(project).glob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield Item("logs", path, 0, None if path in old else "recent")
    tags = {tag.replace(":", "-") for tag in needs.bentos}
    for path in sorted((project.kept / "servers").glob("*.log*")):
        yield Item("logs", path, 0, "its Bento stays" if path.name.partition(".log")[0] in tags else None)
    for path in sorted((project.state / "logs").glob("*")):
        yield Item("logs", path, 0, "it is written anew by the next command")


def _artifacts(project: Project) -> Iterator[Item]:
    """Of runs of this project's lines in the embedded registry, which a kill has left without an answer."""
    folder = project.state / "registry"
    if not (folder / DATABASE).is_file():
        return
    bring_along(folder)
    query = (
        "SELECT run_uuid, start_time, EXISTS (SELECT 1 FROM model_versions WHERE run_id = run_uuid), "
        "EXISTS (SELECT 1 FROM tags WHERE tags.run_uuid = runs.run_uuid AND key = ?), "
        "EXISTS (SELECT 1 FROM tags WHERE tags.run_uuid = runs.run_uuid AND key = ?) "
        "FROM runs JOIN experiments USING (experiment_id) WHERE experiments.name = ?"
    )
    before = int((now() - YOUNG).timestamp() * 1000)
    with read_only(folder / DATABASE) as database:
        rows = [
            row
            for line in lines_of(project)
            for row in database.execute(query, [RECORD, PIPELINE_RUN, line.registered])
        ]
    for run, began, versioned, recorded, ours in rows:
        path = folder / ARTIFACTS / run
        if path.is_dir() and re.fullmatch(r"[0-9a-f]{32}", run):
            reasons = {"a version": versioned, "a record": recorded, "not made by slipway": not ours}
            reasons["it is of the last day"] = began >= before
            why = next((reason for reason, holds in reasons.items() if holds), None)
            yield Item("artifacts", path, 0, why)


def _data(project: Project, needs: Needs) -> Iterator[Item]:
    stores = data_objects.stores(project)
    if not stores:
        return
    shallow = data_objects.is_shallow(project.root)
    named = data_objects.named(project, needs.fingerprints)
    for store in stores:
        for name, path in data_objects.objects(store):
            why = (
                "a part of Git's history only is here"
                if shallow
                else "it is named"
                if name in named
                else None
            )
            yield Item("data", path, 0, why)


def _temporary(project: Project) -> Iterator[Item]:
    for folder in (project.state, project.root / "data"):
        yield from _beside(folder, top=folder == project.state)
    for place in project.kept_of_all:
        yield from (Item("temporary", one, 0) for one in sorted((place / "bentoml").glob("aside-*")))
    yield from (Item("temporary", one, 0) for one in sorted((project.state / "trash").glob("*")))


def _beside(folder: Path, top: bool = False) -> Iterator[Item]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if (lives := is_left_beside(path)) is not None:
            yield Item("temporary", path, 0, "its process lives" if lives else None)
        elif path.is_dir() and not path.is_symlink() and not (top and path.name in DEEP):
            yield from _beside(path)
