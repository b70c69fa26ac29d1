"""Whether the records of a line explain what its registry says: a pure function of both."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slipway.base.errors import Refused
from slipway.records.history import MOVES
from slipway.records.kept import Break, Chain, Entry

UNSTAGED = "None"
COPIED = "models:/"
"""The source of what MLflow's button `Promote` makes begins so: a copy under a number of its own."""


@dataclass(frozen=True)
class Held:
    """What a registry holds of one version.

    Attributes:
        barred: the reason on it, None where it has none.
        tags: the decision that a tag gives for each record about it, by id.
        source: where MLflow says that it is from.
        stage: of MLflow's own, which it has given up for aliases; `None` where nobody set one.
    """

    number: int
    digest: str
    run: str
    barred: str | None
    tags: Mapping[str, str]
    source: str = ""
    stage: str = UNSTAGED


@dataclass(frozen=True)
class State:
    """What a registry holds of a line.

    Attributes:
        moving: whether a move of production is under way here, or was killed: aliases are ahead of records.
    """

    production: int | None
    previous: int | None
    versions: Sequence[Held]
    moving: bool = False


@dataclass(frozen=True)
class Verdict:
    """What is to be said of the records of a line.

    Attributes:
        odd: what the registry holds and they do not explain.
    """

    chain: Chain
    odd: Sequence[Break]

    @property
    def breaks(self) -> list[Break]:
        """All that is wrong."""
        return [*self.chain.breaks, *self.odd]

    def told(self) -> dict[str, Any]:
        """As JSON."""
        chain = self.chain
        return {
            "records": len(chain.entries),
            "waiting": [one.id for one in chain.pending],
            "signed": dict(chain.signers),
            "older": chain.older,
            "breaks": [asdict(one) for one in self.breaks],
            "accepted": [asdict(one) for one in chain.accepted],
        }

    def __str__(self) -> str:
        signed = [f"{count} signed by {name}" for name, count in sorted(self.chain.signers.items())]
        older = self.chain.older
        if older:
            pinned = (
                "which the first signed one names" if self.chain.begun else "which nothing vouches for yet"
            )
            signed.append(f"{older} from before records were signed, {pinned}")
        if waiting := len(self.chain.pending):
            signed.append(f"{waiting} more moved production and must be signed")
        whole = f"{len(self.chain.entries)} decision records verified" + "".join(f", {one}" for one in signed)
        return f"{whole}; {len(self.breaks)} BROKEN" if self.breaks else whole


def unexplained(chain: Chain, state: State) -> list[Break]:
    """What stands in a registry that no record put there, and what a record put there that is gone."""
    found = [fault for one in state.versions for fault in _version(chain, one)]
    if not state.moving:
        found += _aliases(chain, state)
        found += _bars(barred(chain), state.versions)
    return found


def barred(chain: Chain) -> dict[str, Entry]:
    """The digests that rollbacks have barred and nobody has cleared since, each with the record that did."""
    registered = {one.version: one.digest for one in chain.entries.values() if one.decision == "registered"}
    found: dict[str, Entry] = {}
    for one in chain.known.values():
        if one.decision == "rollback" and (digest := registered.get(one.replaced)):
            found[digest] = one
        elif one.decision == "cleared":
            found.pop(one.digest or "", None)
    return found


def production(chain: Chain) -> tuple[int | None, int | None]:
    """The versions in production and before it, by the newest record that moved production."""
    if (newest := chain.newest_move) is None:
        return None, None
    # A rollback leads one step back, and no further.
    return newest.version, None if newest.decision == "rollback" else newest.replaced


def lived(chain: Chain) -> dict[int, str]:
    """The versions that were ever in production, each with its digest, the newest last; by what is signed."""
    found: dict[int, str] = {}
    for one in chain.moves:
        if one.version is not None:
            found.pop(one.version, None)
            found[one.version] = one.digest or ""
    return found


def staged(chain: Chain) -> int | None:
    """The version registered last, which `staging` is for until something else is decided about it."""
    found = [one for one in chain.entries.values() if one.decision == "registered"]
    newest: Entry | None = max(found, key=lambda one: one.id, default=None)
    if newest is None or (newest.digest or "") in barred(chain):
        return None
    since = [one for one in chain.known.values() if one.id > newest.id]
    return None if any(newest.version in (one.version, one.replaced) for one in since) else newest.version


def _version(chain: Chain, one: Held) -> list[Break]:
    found: list[Break] = []
    of, records = f"version {one.number}", chain.registered(one.number)
    if len(records) != 1:
        holding = f"{len(records)} `registered` records that hold"
        copied = (
            f"MLflow's Promote copied it from {one.source}; that moved no traffic, and nothing here runs it: "
            "delete it, and take the original to production by `slipway rollout --version NUMBER`"
        )
        back = copied if one.source.startswith(COPIED) else ""
        # guard explained.version
        found.append(_fault(of, holding, "1; delete it if a kill left it", back))
    if one.stage != UNSTAGED:
        back = "MLflow's stages move no traffic, and nothing here asks for them; take it from the stage"
        found.append(_fault(of, f"stage {one.stage}", "none", back))  # guard explained.stage
    for record in records:
        if (record.digest, record.kept.run) != (one.digest, one.run):
            due = f"{record.digest!s:.12}… of run {record.kept.run}, as record {record.id} says"
            # guard explained.digest
            found.append(_fault(of, f"digest {one.digest[:12]}… of run {one.run}", due))
    for name, decision in one.tags.items():
        named = chain.known.get(name)
        if named is None or (named.version, named.decision) != (one.number, decision):
            says = "no record" if named is None else f"{named.decision} of version {named.version}"
            found.append(_fault(of, f"tag {name}: {decision}", says))  # guard explained.tag
    return found


def _aliases(chain: Chain, state: State) -> list[Break]:
    found: list[Break] = []
    names, due = ("production", "previous"), production(chain)
    newest = chain.newest_move
    by = f"as record {newest.id} says" if newest else "for no record moved production"
    for name, points, expected in zip(names, (state.production, state.previous), due, strict=True):
        if points != expected:
            back = unsigned_move(chain, state.production) or _back(chain, expected)
            found.append(_fault(f"alias {name}", points, f"{expected}, {by}", back))  # guard explained.alias
    return found


def require_recorded(chain: Chain, line: str, alias: str, points: Mapping[str, int]) -> int | None:
    """The version that `production` or `previous` points at, if it is the one that the records put there.

    Args:
        points: where each alias of the line is.

    Raises:
        Refused: somebody moved it by hand.
    """
    live, before = production(chain)
    found, due = points.get(alias), live if alias == "production" else before
    if found != due:
        newest = chain.newest_move
        by = f"record {newest.id}" if newest else "no record that moved production"
        # A record that is lost explains nothing any more.
        advice = unsigned_move(chain, points.get("production")) or (
            str(chain.breaks[0]) if chain.breaks else "somebody moved it; `slipway recover` puts it back"
        )
        raise Refused(
            f"{line}: the alias {alias} is {found or 'not set'}, expected {due or 'none'} by "
            f"{by}: {advice}, see `slipway history --verify`"
        )  # guard alias.explained
    return found


def unsigned_move(chain: Chain, production: int | None) -> str:
    """What to do where a record that nobody signed or named would put `production` where it is."""
    found = [one.id for one in chain.waiting if one.decision in MOVES and one.version == production]
    return f"record {found[-1]} would put it there, and nobody has signed it: have that done" if found else ""


def require_no_unsigned(chain: Chain, live: int | None, line: str) -> None:
    """Refuse to put `production` back from where an unsigned move put it, which may have been a rollback.

    Raises:
        Refused: a record that nobody has signed says that it is there.
    """
    if unsigned := unsigned_move(chain, live):
        raise Refused(
            f"{line}: production is {live}: {unsigned}; if nobody decided that, put the alias back in MLflow"
        )  # guard recover.unsigned


def _back(chain: Chain, due: int | None) -> str:
    if chain.losses:
        return ""  # the record that is lost may have moved it
    how = "somebody moved it in MLflow, which moved no traffic"
    if chain.accepted:
        how = "no record that holds put it there"
    done = "takes it away" if due is None else f"puts it on version {due}"
    live = "what is to go live goes by `slipway rollout --version NUMBER`"
    return f"{how}; `slipway recover` {done} again; {live}"


def require_signed(chain: Chain, line: str) -> None:
    """Refuse what has to earn production while a move before it is not signed; a rollback does not ask.

    Raises:
        Refused: one of them is not.
    """
    if chain.pending:
        raise Refused(
            f"{line}: record {chain.pending[0].id} moved production and is not signed yet; have its workflow "
            "sign it, then try again; until then only `slipway rollback` moves production"
        )  # guard promote.signed


def _bars(due: Mapping[str, Entry], versions: Sequence[Held]) -> list[Break]:
    found: list[Break] = []
    marked = {one.digest for one in versions if one.barred is not None}
    for one in versions:
        of, record = f"version {one.number}", due.get(one.digest)
        if record is None and one.barred is not None:
            # guard explained.bar
            found.append(_fault(of, f"barred: {one.barred}", "no bar, for no record set one"))
        # Who cleared a version left no record before there were seals.
        if record is not None and record.kept.seal and one.digest not in marked:
            # guard explained.bar
            found.append(_fault(of, "no bar", f"the one that record {record.id} set"))
    return found


def _fault(of: str, found: object, due: str, back: str = "") -> Break:
    return Break("unexplained", of, f"found {found}, expected {due}", back)
