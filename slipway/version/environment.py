"""The environment of a version: the interpreter, and the packages that its numbers rest on."""

import ast
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

from slipway.base.digest import sha256
from slipway.records.environment import Environment
from slipway.version.origin import OWN

LOCK = "requirements-serving.txt"
"""Among the code that a version carries."""
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)


def environment_of(code: Path) -> Environment:
    """That of this process, as far as it matters to the code in a folder.

    Nobody lists the packages: they are those that the code imports, and what these need as far as its lock
    pins it. One that the lock does not pin, such as scikit-learn, is of training alone.
    """
    lock = code / LOCK
    pinned = {_normal(name) for name in PIN.findall(lock.read_text("utf-8"))} if lock.is_file() else set()
    waiting, packages = [*_imported(code)], dict[str, str]()
    while waiting:
        name = waiting.pop()
        if name not in packages and (version := _installed(name)) is not None:
            packages[name] = version
            waiting += [one for one in _needed(name) if one in pinned] if name in pinned else []
    return _here(packages, sha256(lock) if lock.is_file() else None)


def found_of(kept: Environment) -> Environment:
    """That of this process, with the same packages; one that is absent is left out."""
    found = {name: version for name in kept.packages if (version := _installed(name)) is not None}
    return _here(found, kept.lock)


def _here(packages: dict[str, str], lock: str | None) -> Environment:
    return Environment(
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        system=platform.system(),
        machine=platform.machine(),
        packages=dict(sorted(packages.items())),
        lock=lock,
    )


def _imported(code: Path) -> set[str]:
    """The packages that the code imports at any place, but for where it answers over HTTP."""
    modules: set[str] = set()
    for path in code.rglob("*.py"):
        if path.relative_to(code).parts[:2] != ("slipway", "serving"):
            modules |= {name.partition(".")[0] for name in _imports(ast.parse(path.read_bytes()))}
    outside = modules - sys.stdlib_module_names - set(OWN)
    return {_normal(name) for module in outside for name in _distributions().get(module, ())}


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


@cache
def _distributions() -> dict[str, list[str]]:
    """The packages by the module that they install; a fifth of a second, for all of them are read."""
    return {module: [*names] for module, names in metadata.packages_distributions().items()}


@cache
def _needed(name: str) -> tuple[str, ...]:
    return tuple(_required(metadata.distribution(name).requires or ()))


def _required(lines: Iterable[str]) -> Iterator[str]:
    from packaging.requirements import Requirement

    for one in map(Requirement, lines):
        if one.marker is None or one.marker.evaluate({"extra": ""}):
            yield _normal(one.name)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
