"""Write down that the records of a line are broken, who knows of it and why it goes on nevertheless."""

from slipway.base.errors import Refused
from slipway.base.provenance import who
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.stages.clear import standing
from slipway.stages.record import Known, keep, new_record


def accept(line: Line, reason: str) -> None:
    """Keep a record that names every break of the chain of records; none of them is mended.

    What is broken stays broken and is listed. A record that does not hold is not trusted either.

    Raises:
        Refused: nothing is broken, or no reason.
    """
    if not reason.strip():
        raise Refused("accepting a break needs a reason")  # guard accept.reason_given
    registry = Registry(line)
    breaks = registry.chain().breaks
    if not breaks:
        # guard accept.broken
        raise Refused(f"{registry.name}: its decision records are whole; there is nothing to accept")
    told = f"{who()} accepts: {reason}; {'; '.join(map(str, breaks))}"
    run, known = standing(line, "accept"), Known(replaced=registry.resolve("production"))
    record = new_record(run, registry, "accept", "accepted", told, known)
    keep(registry, record, None, accepts=[one.key for one in breaks])
