"""What `.editorconfig`, `.pre-commit-config.yaml` and CODEOWNERS say, as their tools read it."""

import re
from configparser import ConfigParser
from fnmatch import fnmatch


def wanted(editorconfig: str, name: str) -> dict[str, str]:
    """The properties of a file, by the last section that names it and says something of each."""
    parser = ConfigParser()
    parser.read_string(f"[top]\n{editorconfig}")
    found: dict[str, str] = {}
    for pattern in parser.sections():
        if any(fnmatch(name.rsplit("/", 1)[-1], one) for one in _alternatives(pattern)):
            found |= dict(parser[pattern])
    return found


def _alternatives(pattern: str) -> list[str]:
    if (braces := re.search(r"\{(.+)\}", pattern)) is None:
        return [pattern]
    return [pattern.replace(braces[0], one) for one in braces[1].split(",")]


def owners(codeowners: str, name: str) -> list[str]:
    """Who has to review a file: those of the last line that fits."""
    found: list[str] = []
    for line in codeowners.splitlines():
        pattern, *own = line.partition("#")[0].split() or [""]
        place = pattern.removeprefix("/")
        if pattern and (name.startswith(place) if place.endswith("/") else fnmatch(name, place)):
            found = own
    return found
