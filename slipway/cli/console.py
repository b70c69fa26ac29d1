"""What people see: a progress bar where there is a terminal, plain lines where there is none."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unicodedata import category

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from slipway.base.addresses import masked

CONTROLS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that move the cursor, turn the line round or cannot be written."""


class PlainConsole(Console):
    """What is printed may quote data, a person or an address: no control of a terminal, and no password."""

    def __init__(self, **options: Any) -> None:
        # Numbers and words between colons in somebody's data stay what they are.
        super().__init__(highlight=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Text with control characters as their escapes, and addresses without passwords."""
        return super().render_str("".join(map(_visible, masked(text))), **options)


def _visible(character: str) -> str:
    if character in "\n\t" or category(character) not in CONTROLS:
        return character
    return character.encode("unicode_escape").decode()


# Soft wrap: rich would break paths and commands at the width of the window.
out = PlainConsole(soft_wrap=True)
err = PlainConsole(stderr=True, soft_wrap=True)

COUNTED = re.compile(r"^([\d,]+) of ([\d,]+) \w+: ")
"""A stage's line that says how far it is."""


class Teller:
    """Reports what runs now; one instance per command."""

    def __init__(self, quiet: bool = False) -> None:
        """With `quiet` nothing is said, so that standard output holds JSON alone."""
        self.quiet = quiet
        self._bar: tuple[Progress, TaskID] | None = None

    @contextmanager
    def doing(self, text: str) -> Iterator[None]:
        """Show what is being done, for as long as it takes."""
        if self.quiet:
            yield
        elif not out.is_terminal:
            out.print(f"[bold]{escape(text)}[/]")
            yield
        else:
            columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
            # Transient: the bar goes, the lines that matter stay.
            with Progress(*columns, console=out, transient=True) as progress:
                self._bar = progress, progress.add_task(escape(text), total=None)
                try:
                    yield
                finally:
                    self._bar = None

    def task(self, title: str, name: str) -> None:
        """Show that a task of a pipeline has begun."""
        if self._bar is not None:
            progress, bar = self._bar
            progress.update(bar, description=escape(f"{title}: {name}"), total=None, completed=0)
        elif not self.quiet:
            out.print(f"  {escape(title)}: {escape(name)}")

    def line(self, text: str) -> None:
        """Print a line that stays on the screen; where there is a bar, a count moves the bar instead."""
        counted = COUNTED.match(text)
        if self._bar is not None and counted:
            done, total = (int(number.replace(",", "")) for number in counted.groups())
            progress, bar = self._bar
            progress.update(bar, completed=done, total=total)
        elif not self.quiet:
            out.print(f"    {escape(text)}")


def print_json(text: str) -> None:
    """JSON on standard output, as it is but for passwords in addresses.

    At once: `serve` goes on, and a pipe would hold it back.
    """
    sys.stdout.write(masked(text) + "\n")
    sys.stdout.flush()
