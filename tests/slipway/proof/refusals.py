"""Where the product says no, and which of those places a gate's row names."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.slipway.proof.disable import Guard

ERRORS = frozenset({"Refused", "UsageError", "Inconclusive"})


@dataclass(frozen=True)
class Refusal:
    """A `raise` that ends a command with exit code 2, 3 or 4.

    Attributes:
        place: its file and function.
        said: the fixed parts of its message.
    """

    place: tuple[str, str]
    said: tuple[str, ...]

    def __str__(self) -> str:
        return f"{':'.join(self.place)}: {max(self.said, key=len, default='')}"

    def is_disabled_by(self, guard: Guard) -> bool:
        """Whether it is the guard, or the guard is a call of the function that it lies in."""
        own = (guard.file, guard.function) == self.place and any(guard.token in text for text in self.said)
        return own or guard.token.split(".")[-1] == self.place[1].split(".")[-1]


def refusals(root: Path) -> Iterator[Refusal]:
    """Every one below a folder, by file and line; files are named as seen from the folder above."""
    for file in sorted(root.rglob("*.py")):
        yield from _below(ast.parse(file.read_bytes()), file.relative_to(root.parent).as_posix(), ())


def _below(node: ast.AST, file: str, names: tuple[str, ...]) -> Iterator[Refusal]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise) and isinstance(child.exc, ast.Call):
            if ast.unparse(child.exc.func).split(".")[-1] in ERRORS:
                yield Refusal((file, ".".join(names)), tuple(_texts(child)))
        elif isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _below(child, file, (*names, child.name))
        else:
            yield from _below(child, file, names)


def _texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
