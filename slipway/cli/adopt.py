"""`slipway adopt-version`: vouch for a version of before, after a look at it."""

from typing import Annotated

import typer

from slipway.base.errors import Refused
from slipway.cli.console import err, out, print_json
from slipway.cli.lines import in_use
from slipway.cli.options import Json, LineSize, System


def adopt_version(
    number: Annotated[int, typer.Argument(min=1, help="Number of the version.")],
    digest: Annotated[
        str | None,
        typer.Option("--digest", help="Sign it: its digest, or the first 12 digits. Default: look."),
    ] = None,
    system: System = None,
    size: LineSize = None,
    as_json: Json = False,
) -> None:
    """Show a version that nobody has signed, such as one of an older slipway; with `--digest`, sign it."""
    from slipway.registry.adoption import adopt, look
    from slipway.registry.versions import Registry

    registry = Registry(in_use(system, size))
    found = look(registry, number)
    if as_json:
        print_json(found.model_dump_json())
    else:
        for what, value in (
            ("version", f"{found.name} {found.number}"),
            ("digest", found.digest),
            ("code", found.origin),
            (
                "trained at",
                f"{found.commit or 'no commit'}{'' if found.clean else ', with uncommitted changes'}",
            ),
            ("model", found.model),
            (
                "data",
                f"{found.data.fingerprint}, {found.data.train_rows:,} rows until {found.data.train_end}",
            ),
            ("record", found.record),
            *(("differs", name) for name in found.differing),
        ):
            # Somebody else's text may hold codes that a terminal obeys.
            shown = value if value.isprintable() else ascii(value)
            out.print(f"{what + ':':12}{shown}", markup=False)
    if digest is not None:
        adopt(registry, found, digest)
        err.print(f"signed by this project's own key: version {number} may be used", markup=False)
    elif found.unsigned is not None:
        advice = f"slipway adopt-version {number} --digest {found.digest[:12]}"
        raise Refused(f"{found.unsigned}; if this is what you trained: {advice}")  # guard adopt.asked
    else:
        err.print("signed already; nothing to do", markup=False)


def add(app: typer.Typer) -> None:
    """Add `slipway adopt-version` to the program."""
    app.command()(adopt_version)
