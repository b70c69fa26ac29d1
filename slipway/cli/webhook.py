"""The end of every command: the webhook of `project.yaml` is told what was decided."""

from slipway.base.errors import SlipwayError
from slipway.cli.console import err
from slipway.cli.faults import one_line
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.webhook.outbox import Outbox, Waiting


def tell_decisions() -> None:
    """Send what was decided and is not told yet; a warning is all that comes of it if that fails."""
    try:
        project = Project.find()
        url, outbox = project.settings.webhook, Outbox(project.outbox)
    except SlipwayError:
        return  # no project, or one whose fault the command itself tells where it matters
    if url is None or outbox.empty:
        return
    from slipway.webhook.delivery import deliver, host

    try:
        with err.status(f"telling {host(url)}"):
            failed = deliver(outbox, url, lambda one: _holds(project, one))
    except Exception as error:  # noqa: BLE001 - whatever it is, the command has done its work
        failed = one_line(error) or type(error).__name__
    if failed:
        err.print(f"warning: {host(url)} was not told of every decision: {failed}", markup=False)
        err.print("a later command tries again; `slipway status` says what waits", markup=False)


def _holds(project: Project, one: Waiting) -> bool | None:
    """Whether the registry has the record of a message; None where it cannot be asked now."""
    from slipway.registry.versions import Registry

    try:
        chain = Registry(Line(project, one.system, one.size)).chain()
    except Exception:  # noqa: BLE001 - of a server or a database, and whatever it is, nothing is known
        return None
    # Of a shared registry, a workflow signs records only afterwards.
    return one.name in {*chain.entries, *(entry.id for entry in chain.waiting)}
