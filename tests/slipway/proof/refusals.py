"""Where the product says no, and which guards stand there."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.slipway.proof.guards import Guard

ERRORS = frozenset({"Refused", "UsageError", "Inconclusive"})


@dataclass(frozen=True)
class Refusal:
    """A `raise` that ends a command with exit code 2, 3 or 4.

    Attributes:
        file: as seen from the folder above the package.
        line: its first line, from 1.
        function: the name of the one that it lies in, with those around it.
    """

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: in {self.function}"

    def is_disabled_by(self, guard: Guard) -> bool:
        """Whether it is the guard, or the guard is a call of the function that it lies in."""
        return (guard.file, guard.line) == (self.file, self.line) or (
            guard.calls != "" and guard.calls == self.function.split(".")[-1]
        )


def refusals(root: Path) -> Iterator[Refusal]:
    """Every one below a folder, by file and line; files are named as seen from the folder above."""
    for file in sorted(root.rglob("*.py")):
        yield from _below(ast.parse(file.read_bytes()), file.relative_to(root.parent).as_posix(), ())


def _below(node: ast.AST, file: str, names: tuple[str, ...]) -> Iterator[Refusal]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise) and isinstance(child.exc, ast.Call):
            if ast.unparse(child.exc.func).split(".")[-1] in ERRORS:
                yield Refusal(file, child.lineno, ".".join(names))
        elif isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _below(child, file, (*names, child.name))
        else:
            yield from _below(child, file, names)
