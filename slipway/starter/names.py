"""Names that a card takes, for columns that are called anything."""

from collections.abc import Iterable

from slipway.base.naming import plain
from slipway.tasks.columns import OPTIONS

LONGEST = 63
"""Characters, as a name in a card may have (`slipway.base.strict.NAME`)."""


def names(sources: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """One name for each column, in their order, all different and none of those taken.

    Accents go, anything else that is no letter or digit becomes an underscore: `Education-Num` is
    `education_num`. A name in another script is `column` and a number, for nothing here can read it.
    """
    # A request keeps its options under that name, so no column can have it.
    used, found = {OPTIONS, *taken}, []
    for source in sources:
        name = _free(_plain(source), used)
        used.add(name)
        found.append(name)
    return found


def _plain(source: str) -> str:
    name = plain(source)
    return (name if name[:1].isalpha() else f"column_{name}".rstrip("_"))[:LONGEST]


def _free(name: str, used: set[str]) -> str:
    number, free = 1, name
    while free in used:
        number += 1
        ending = f"_{number}"
        free = name[: LONGEST - len(ending)] + ending
    return free
