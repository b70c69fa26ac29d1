"""Who imports whom, read from the source."""

import ast
from functools import cache
from pathlib import PurePosixPath

from tests.repo.root import text


@cache
def tree(name: str) -> ast.Module:
    """A parsed file."""
    return ast.parse(text(name))


def imports(name: str) -> set[str]:
    """Every module that a file imports."""
    return imported(tree(name), name)


def imported(parsed: ast.Module, name: str) -> set[str]:
    """Every module that is imported, anywhere in a file of that name; relative ones resolved."""
    found: set[str] = set()
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = PurePosixPath(name).parts[: -node.level] if node.level else ()
            prefix = ".".join([*base, *([node.module] if node.module else [])])
            found |= {prefix} | {f"{prefix}.{alias.name}" for alias in node.names}
    return found


def crossings(names: list[str], *packages: str) -> list[str]:
    """`file: module` for each import of one of the packages."""
    return [
        f"{name}: {module}"
        for name in names
        for module in sorted(imports(name))
        if any((module + ".").startswith(f"{package}.") for package in packages)
    ]
