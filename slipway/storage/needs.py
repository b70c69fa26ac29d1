"""Which versions are needed here, and what for: production, a way back, a rollout, a comparison."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from slipway.base.documents import read
from slipway.records.explained import lived
from slipway.registry import turns
from slipway.registry.artifacts import local_folder, require_own_artifacts
from slipway.registry.mlmodel import inside
from slipway.registry.model_version import ModelVersion
from slipway.registry.versions import Registry
from slipway.release import servers
from slipway.rollout.targets import traffic
from slipway.settings import Line
from slipway.settings.line import lines_of
from slipway.settings.root import Project
from slipway.version.environment import LOCK
from slipway.version.manifest import CODE, MANIFEST, Manifest


@dataclass(frozen=True)
class Needs:
    """What the versions of the project's registry need of this machine.

    Attributes:
        bentos: why a Bento stays, by its tag.
        lines: names of the Bentos of lines that are known; nothing is known of any other's.
        locks: digests of the locks whose environments stay; None: not known, so all do.
        fingerprints: of data that a version was trained on.
    """

    bentos: Mapping[str, str] = field(default_factory=dict)
    lines: frozenset[str] = frozenset()
    locks: frozenset[str] | None = None
    fingerprints: frozenset[str] = frozenset()


def needs(project: Project) -> Needs:
    """Ask registry, traffic, intents and servers.

    Raises:
        SlipwayError: one of them cannot be read; then nothing is known to be needed by nobody.
    """
    # The environments are of all registries of this project, of which one is asked.
    alone = project.embedded and not (project.state / "registries").is_dir()
    bentos: dict[str, str] = {}
    locks: set[str] = set()
    fingerprints: set[str] = set()
    lines = lines_of(project)
    for registry in map(Registry, lines):
        versions = registry.all() if registry.begun else []
        bentos |= {f"{registry.line.bento}:{number}": why for number, why in _served(registry.line, versions)}
        fingerprints |= {one.fingerprint for one in versions if one.fingerprint}
        if alone and versions:
            locks |= set(_locks(registry, versions))
    bentos |= {one.tag: "a server of it is running" for one in servers.running(project)}
    known = frozenset(line.bento for line in lines)
    return Needs(bentos, known, frozenset(locks) if alone else None, frozenset(fingerprints))


def _served(line: Line, versions: list[ModelVersion]) -> Iterator[tuple[int, str]]:
    """The versions of a line whose Bentos are needed, each with the reason."""
    moving = turns.look(line).begun is not None
    for one in versions:
        if moving:
            yield one.number, "a move of production has not ended"
        elif one.aliases:
            yield one.number, f"it is {one.aliases[0]}"
    if (now := traffic(line)) is not None:
        yield from ((one.number, "it has traffic") for one in (now.stable, now.canary) if one is not None)


def _locks(registry: Registry, versions: list[ModelVersion]) -> Iterator[str]:
    """Of the versions that may be scored again, as a champion or after a rollback."""
    live = lived(registry.chain())
    for one in versions:
        if one.aliases or (one.number in live and one.barred is None):
            folder = local_folder(require_own_artifacts(one.source, registry.own))
            manifest = read(inside(folder or Path()) / MANIFEST, Manifest)
            yield manifest.files.get(f"{CODE}/{LOCK}", "")
