"""What a server of MLflow's is asked for a history: all of it once, and then what is new."""

from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError
from slipway.registry.kept_records import RECORDS
from slipway.registry.versions import Registry
from slipway.rollout.status import look
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.durability.scenes import SIZE, SYSTEM
from tests.slipway.registry.attacks import decided
from tests.slipway.stages.shared import sign_records
from tests.slipway.team.conftest import Served, joined
from tests.slipway.team.counting import Counted, counting
from tests.slipway.trust.authority import Authority

pytestmark = pytest.mark.long
MANY = 12
EACH = 6
"""Requests for a record that is not known here: two lists, and two files that MLflow asks twice about."""
AT_MOST = 25
"""For what a command looks at beside the records, however many there are."""


def test_what_is_known_is_not_asked_for_again(
    shell: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another command either; what somebody changed on the server is found by who asks for all of it."""
    with counting(shell.url) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        member = joined(tmp_path / "here", server.url, "requests", Authority())
        registry = member.registry
        registry.client.create_registered_model(registry.name)
        (tmp_path / "records").mkdir()
        for number in range(1, MANY + 1):
            decided(registry, tmp_path / "records", number, "refused", None, replaced=None)
        sign_records(registry, member.authority)

        def asked(fresh: bool = False) -> int:
            began = len(server.paths)
            chain = Registry(Line(Project(member.root), SYSTEM, SIZE)).chain(fresh)
            assert (len(chain.entries), list(chain.breaks)) == (known, [])
            return server.since(began)

        known = MANY
        first, again, anew = asked(), asked(), asked(fresh=True)
        decided(registry, tmp_path / "records", known + 1, "refused", None, replaced=None)
        sign_records(registry, member.authority)
        known += 1
        more = asked()
        print(f"{MANY} records: {first} requests, then {again}, with one more {more}, all anew {anew}")
        assert first == anew == again + EACH * MANY
        assert more == again + EACH
        assert again <= 3
        assert status(server, member.root) <= AT_MOST

        changed = next(iter(registry.chain().entries.values()))
        path = tmp_path / f"{changed.id}.json"
        path.write_text("{}")
        registry.client.log_artifact(changed.kept.run, str(path), RECORDS)
        assert asked() == again
        verdict = Registry(registry.line).verdict(remember=True)
        assert [(one.kind, one.of) for one in verdict.chain.losses] == [("changed", changed.id)]
        with pytest.raises(SlipwayError, match="changed: "):
            Registry(registry.line).records()


def status(server: Counted, root: Path) -> int:
    """What `slipway status` asks."""
    began = len(server.paths)
    look_without_target(root)
    return server.since(began)


def look_without_target(root: Path) -> None:
    """A project that binds no target knows no traffic."""
    settings = root / "project.yaml"
    bound = settings.read_text()
    settings.write_text("\n".join(one for one in bound.splitlines() if not one.startswith("targets")))
    look(Registry(Line(Project(root), SYSTEM, SIZE)))
    settings.write_text(bound)
