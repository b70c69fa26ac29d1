"""`project.yaml` with one more system, and every comment where it was."""

from typing import Any

import yaml


def with_system(text: str, name: str) -> str:
    """The text of a sound file with `name` at the end of its list `systems`, however that is written."""
    # Nodes know where they stand in the text; dumped again, the file would lose its comments.
    document: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    listed = next(value for key, value in document.value if key.value == "systems")
    if not listed.value:
        start = listed.start_mark.index + 1
        return f"{text[:start]}{name}{text[start:]}"
    last = listed.value[-1]
    end = last.end_mark.index
    if listed.flow_style:
        return f"{text[:end]}, {name}{text[end:]}"
    before = text[text.rfind("\n", 0, last.start_mark.index) + 1 : last.start_mark.index]
    line = text.find("\n", end)
    end = len(text) if line < 0 else line
    return f"{text[:end]}\n{before}{name}{text[end:]}"
