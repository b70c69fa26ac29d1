"""Names in a request that no column has: those that were meant for one, and those of other versions.

A name as the user's table has it, or one that differs from a column's in case, spaces, hyphens or
underscores alone, is refused: ignored, the column would count as missing without a word. Any other may be
of a column that stable or canary knows and this version does not. It is ignored, and told.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from heapq import nsmallest

from slipway.settings import Column

MOST, LONGEST = 20, 80
"""How many unknown names an answer tells, and how many characters of each."""
MANY = 10_000
"""Unknown names of one body: more than any version has columns."""
BEYOND = 64
"""By how many characters a name that is meant for a column may be longer than twice the longest of them."""
APART = re.compile(r"[\s_-]+")


class Misnamed(Exception):  # noqa: N818 - what a client gets to know, with the field before it
    """Names that were meant for columns; the text says which are expected."""


class Names:
    """The names that one kind of object in a request takes."""

    def __init__(
        self, taken: Mapping[str, Column | None], elsewhere: Mapping[str, Column], where: str
    ) -> None:
        """Take columns by name.

        Args:
            taken: what belongs here; None is a field that is no column.
            elsewhere: what belongs to another object of the request.
            where: that object, in words.
        """
        self.known = frozenset(taken)
        self.inputs = frozenset(name for name, column in taken.items() if column and is_input(column))
        self.meant: dict[str, list[str]] = {}
        for name, column in taken.items():
            self._add(name, column, repr(name))
        for name, column in elsewhere.items():
            self._add(name, column, f"{name!r} in {where}")
        self.longest = BEYOND + 2 * max(map(len, self.meant), default=0)

    def _add(self, name: str, column: Column | None, said: str) -> None:
        source = None if column is None or column.made else column.source
        for written in {name, plain(name), *([source, plain(source)] if source else [])} - {""}:
            self.meant.setdefault(written, []).append(said)

    def unknown(self, names: Collection[str]) -> set[str]:
        """The names among these that no column has.

        Raises:
            Misnamed: some were meant for columns, or there are too many.
        """
        others = few(set(names) - self.known)
        meant = ((name, expected) for name in others if (expected := self._expected(name)))
        wrong = nsmallest(MOST, meant)
        if wrong:
            said = [f"found {shown(name)!r}, expected {' or '.join(known)}" for name, known in wrong]
            raise Misnamed("; ".join(said))  # guard serve.names
        return others

    def _expected(self, name: str) -> list[str] | None:
        # Unicode may make eighteen times as much of a name, and takes the square of its combining marks.
        return self.meant.get(name) or (self.meant.get(plain(name)) if len(name) <= self.longest else None)


def few(unknown: set[str]) -> set[str]:
    """The same; each that nobody knows takes time.

    Raises:
        Misnamed: there are more than `MANY`.
    """
    if len(unknown) > MANY:
        # guard serve.unknown_names
        raise Misnamed(f"found {len(unknown)} names that no column has, expected at most {MANY}")
    return unknown


def is_input(column: Column) -> bool:
    """Whether a model may learn from it: an id is echoed, a time is otherwise now, and the rest is made."""
    return column.role not in ("request", "time") and not column.made


def plain(name: str) -> str:
    """A name without what people write differently: case, spaces, hyphens and underscores."""
    return APART.sub("", unicodedata.normalize("NFKC", name).casefold())


def told(names: Iterable[str]) -> list[str]:
    """As many names as an answer tells, in order, each cut to a bounded length."""
    return [shown(name) for name in nsmallest(MOST, names)]


def shown(name: str) -> str:
    """A name, cut."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
