"""Find the guards of the sources by their ids, wherever they stand.

A guard is one of three things inside a function: a call that builds a check; a `raise`; a call made for its
own sake. The id of a check is its code, up to the first part that varies. Any other guard has its id in a
comment at its end or on the line above it: `# guard train.fingerprint`. One id may stand at several places.
"""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BUILDERS = frozenset({"_check", "_rule", "_guardrail", "Check", "Check.at_least"})
"""Functions that build a check: the code is their first argument, or the one called `code`."""
COMMENT = re.compile(r"# guard\b")
ID = re.compile(r"# guard ([a-z0-9_]+(?:\.[a-z0-9_]+)*)$")


@dataclass(frozen=True)
class Guard:
    """A place in the sources.

    Attributes:
        file: as seen from the root of the repository.
        line: its first line, from 1.
        start: its first byte.
        code: its text, as it stands there.
        builds: whether it builds a check.
        calls: the last name of the function that it calls for its own sake, or empty.
    """

    id: str
    file: str
    line: int
    start: int
    code: bytes
    builds: bool
    calls: str

    def __str__(self) -> str:
        return f"{self.id} ({self.file}:{self.line})"


def guards(root: Path) -> dict[str, tuple[Guard, ...]]:
    """Every guard of the package below the root of a repository, by its id.

    Raises:
        ValueError: a comment says `# guard` and is no id, or stands on no guard or one that has an id.
    """
    found: dict[str, list[Guard]] = defaultdict(list)
    for path in sorted((root / "slipway").rglob("*.py")):
        for guard in guards_of(path.read_bytes(), path.relative_to(root).as_posix()):
            found[guard.id].append(guard)
    return {name: tuple(places) for name, places in found.items()}


def guards_of(source: bytes, file: str) -> list[Guard]:
    """Those of one file, in the order of its lines.

    Raises:
        ValueError: as `guards`.
    """
    nodes = [*_inside_functions(ast.parse(source))]
    ids: dict[ast.expr | ast.stmt, str] = {node: code for node in nodes if (code := _code(node))}
    for line, text, above in _comments(source):
        named = ID.search(text)
        if not named:
            raise ValueError(f"{file}:{line}: {text!r}: expected `# guard ID`")
        on = [node for node in nodes if (node.lineno == line + 1 if above else node.end_lineno == line)]
        node = min(on, key=lambda one: len(ast.unparse(one)), default=None)
        if node is None:
            raise ValueError(f"{file}:{line}: {named[0]!r} stands on no raise, check or call of its own")
        if node in ids:
            raise ValueError(f"{file}:{line}: {named[0]!r} stands on {ids[node]!r}, which has that id")
        ids[node] = named[1]
    return [_guard(source, file, node, ids[node]) for node in nodes if node in ids]


def _inside_functions(tree: ast.Module) -> Iterator[ast.expr | ast.stmt]:
    """What can be a guard; a function in a function comes once."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    found = dict.fromkeys(node for function in functions for node in ast.walk(function))
    kept = (
        node
        for node in found
        if isinstance(node, ast.Raise)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        or _builds(node)
    )
    yield from sorted(kept, key=lambda node: (node.lineno, node.col_offset))  # type: ignore[attr-defined]


def _builds(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in BUILDERS


def _code(node: ast.expr | ast.stmt) -> str:
    """The code of a check up to where it varies; empty of what is no check or whose code varies at once."""
    if not isinstance(node, ast.Call):
        return ""
    named = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
    code = next(iter([*named, *node.args]), None)
    parts = code.values if isinstance(code, ast.JoinedStr) else [code]
    first = parts[0] if parts else None
    return first.value.rstrip(".") if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def _comments(source: bytes) -> Iterator[tuple[int, str, bool]]:
    """The line, the text, and whether nothing else stands on that line."""
    if b"# guard" not in source:
        return
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type == tokenize.COMMENT and COMMENT.search(token.string):
            yield token.start[0], token.string, token.line.lstrip().startswith("#")


def _guard(source: bytes, file: str, node: ast.expr | ast.stmt, name: str) -> Guard:
    start, end = _span(source, node)
    called = node.value.func if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
    return Guard(
        id=name,
        file=file,
        line=node.lineno,
        start=start,
        code=source[start:end],
        builds=isinstance(node, ast.expr),
        calls=ast.unparse(called).split(".")[-1] if called else "",
    )


def _span(source: bytes, node: ast.expr | ast.stmt) -> tuple[int, int]:
    """First byte of a node and the one after its last; ast counts lines from 1 and columns in bytes."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
    return starts[node.lineno - 1] + node.col_offset, starts[end_line - 1] + end_column
