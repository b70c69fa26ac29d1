"""The command line."""

import os
import sys
import traceback
from typing import Annotated

import typer

from slipway import __version__
from slipway.base.addresses import masked
from slipway.base.environment import settle
from slipway.base.errors import SlipwayError
from slipway.base.failure import failure_kept
from slipway.cli import (
    adopt,
    backup,
    data,
    demo,
    image,
    inspect,
    look,
    migrate,
    move,
    new_system,
    plan,
    release,
    request,
    serve,
    storage,
    train,
    ui,
    update,
)
from slipway.cli.console import err, out
from slipway.cli.faults import one_line
from slipway.cli.webhook import tell_decisions

INTERRUPTED = 130
"""128 and the number of SIGINT, as a shell has it."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(data.app, name="data")
app.add_typer(image.app, name="image")
for module in (
    look,
    new_system,
    demo,
    train,
    plan,
    move,
    release,
    serve,
    request,
    inspect,
    ui,
    update,
    migrate,
    adopt,
    backup,
    storage,
):
    module.add(app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def slipway(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From versioned data to a canaried model: train, gate, roll out, roll back, and see why."""


def main() -> None:
    """Run a command; an error is one line on standard error and the exit code of its kind."""
    settle()
    out.file = sys.stdout  # what kfp's tasks print is redirected; what people see is not
    code = _run()
    if code != INTERRUPTED:
        tell_decisions()
    sys.exit(code)


def _run() -> int:
    """The exit code of a command; what went wrong is told."""
    try:
        # DVC starts this program as well; whoever started DVC learns from a file why it failed.
        with failure_kept():
            app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except SlipwayError as error:
        _tell(error, str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read is gone; Python's last flush would complain of that once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - a bug too is told without passwords
        if (text := one_line(error)) is None:
            # As Python would, but for passwords in addresses.
            sys.stderr.write(masked(traceback.format_exc()))
        else:
            _tell(error, text)
        return 1
    return 0


def _tell(error: Exception, text: str) -> None:
    err.print(f"[red]{type(error).__name__}[/]:", end=" ")
    err.print(text, markup=False)


__all__ = ["app", "main"]
