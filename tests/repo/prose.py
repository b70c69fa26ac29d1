"""What a document names: links, and commands in code of either form."""

import re
import subprocess
from pathlib import Path

SPAN = re.compile(r"`([^`\n]+)`")


def links(text: str) -> set[str]:
    """The targets of links to files, without the place in a file."""
    found = (link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link)
    return {link for link in found if link}


def commands(text: str, program: str) -> list[list[str]]:
    """The words after a program's name, in a block of code or in backticks, up to a comment."""
    blocks = re.findall(r"^ {4}(.+)$", text, re.MULTILINE)
    code = [line.split("#")[0] for line in [*blocks, *SPAN.findall(text)]]
    found = (re.search(rf"(?:^|\s|/){program} ([^\"]+)", line) for line in code)
    return [match[1].split() for match in found if match]


def targets(root: Path) -> set[str]:
    """The targets of make, as `make help` lists them."""
    done = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True)
    return set(re.findall(r"make ([a-z-]+) ", done.stdout))


def unknown(words: list[str]) -> str | None:
    """The first command or option among the words after `slipway` that the program does not know."""
    from typer.main import get_command

    from slipway.cli import app

    command = get_command(app)
    for word in words:
        if word.startswith("--"):
            if word not in {option for parameter in command.params for option in parameter.opts}:
                return word
        elif hasattr(command, "commands"):
            if word in command.commands:
                command = command.commands[word]
            elif not command.invoke_without_command:  # else it is what an option takes
                return word
    return None
