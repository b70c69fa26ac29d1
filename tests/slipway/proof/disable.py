"""Disable one guard in the text of a source file, and change nothing else of it.

A guard is one of three things inside a function: a call that builds a check, which then passes whatever it
found; a `raise`, which then does nothing; a call made for its own sake, which then is not made.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

BUILDERS = frozenset({"_check", "_rule", "_guardrail", "Check"})
"""Functions that build a check; what they return passes once it is disabled."""
PASSING = b'''

def _passing(made):
    """Added by the mutation proof: the check that was made, as if it had passed."""
    from dataclasses import is_dataclass, replace

    if is_dataclass(made):
        return replace(made, check=_passing(made.check), stops=False)
    return made.model_copy(update={"passed": True})
'''
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Guard:
    """Where a guard stands: the function of a file, and what names the guard in it."""

    file: str
    function: str
    token: str

    @classmethod
    def parse(cls, text: str) -> "Guard":
        """Read `file:function:token`; the function may be `Class.method`."""
        parts = text.split(":", 2)
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"guard {text!r}: expected file:function:token")
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.file}:{self.function}:{self.token}"


def disabled(source: bytes, guard: Guard) -> bytes:
    """The source with one guard disabled.

    Raises:
        ValueError: there is no such function, or its token names no guard or more than one.
    """
    function = _function(ast.parse(source), guard)
    found = _called(function, guard.token) + _raised(function, guard.token) + _built(function, guard.token)
    if len(found) != 1:
        lines = ", ".join(f"line {node.lineno}" for node in found) or "nothing"
        raise ValueError(f"guard {guard}: expected one guard with that token, found {lines}")
    start, end = _span(source, found[0])
    if isinstance(found[0], ast.stmt):
        changed = source[:start] + b"pass" + source[end:]
    else:
        changed = source[:start] + b"_passing(" + source[start:end] + b")" + source[end:] + PASSING
    compile(changed, guard.file, "exec")
    return changed


def _function(tree: ast.Module, guard: Guard) -> Function:
    place: ast.AST = tree
    for name in guard.function.split("."):
        named = [node for node in ast.iter_child_nodes(place) if getattr(node, "name", None) == name]
        if len(named) != 1:
            raise ValueError(f"guard {guard}: {len(named)} definitions of {name!r} in {guard.file}")
        place = named[0]
    if not isinstance(place, Function):
        raise ValueError(f"guard {guard}: {guard.function} is no function")
    return place


def _called(function: Function, token: str) -> list[ast.expr | ast.stmt]:
    """Calls made for their own sake whose dotted name ends with the token."""
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and f".{ast.unparse(node.value.func)}".endswith(f".{token}")
    ]


def _raised(function: Function, token: str) -> list[ast.expr | ast.stmt]:
    """Raises that say the token."""
    raises = [node for node in ast.walk(function) if isinstance(node, ast.Raise)]
    return [node for node in raises if any(token in text for text in _texts(node))]


def _built(function: Function, token: str) -> list[ast.expr | ast.stmt]:
    """Calls that build a check and are given the token: exactly, or else as a part of a text."""
    calls = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILDERS
    ]
    given = {call: [*_given(call)] for call in calls}
    exact = [call for call in calls if token in given[call]]
    return [*(exact or (call for call in calls if any(token in text for text in given[call])))]


def _given(call: ast.Call) -> Iterator[str]:
    for value in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(value, ast.Constant | ast.JoinedStr):
            yield from _texts(value)


def _texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def _span(source: bytes, node: ast.expr | ast.stmt) -> tuple[int, int]:
    """First byte of a node and the one after its last; ast counts lines from 1 and columns in bytes."""
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
    return starts[node.lineno - 1] + node.col_offset, starts[end_line - 1] + end_column
