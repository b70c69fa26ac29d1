"""The stage `smoke`: a Bento that does not keep its contract gets no traffic."""

import pytest

from slipway import servers
from slipway.errors import Refused
from slipway.project import Project
from slipway.stages.package import package
from slipway.stages.register import register
from slipway.stages.smoke import read_checks, smoke
from tests.stages.conftest import RUN, Desk


@pytest.mark.gate(
    "smoke.failed",
    fed="a Bento that is slower than the latency budget, or fails another check of its contract",
    stops="smoke",
    exit=3,
    reason="failed its smoke test: and every check that failed",
    untouched="no traffic shifted, no alias moved, no server left",
    guard="slipway/stages/smoke.py:smoke:failed its smoke test",
)
def test_a_bento_over_its_budget_gets_no_traffic(desk: Desk) -> None:
    """It is really served, asked and ended; the refusal is recorded and the checks are kept."""
    files = desk.data, desk.models, desk.evidence, desk.summary, desk.docs, desk.root / "report.html"
    register(RUN, *files)
    checks = desk.root / "checks.json"
    card = desk.root / "systems" / "ad_click" / "system.yaml"
    card.write_text(card.read_text().replace("p99_latency_ms: 100", "p99_latency_ms: 0.001"))

    with pytest.raises(Refused, match=r"failed its smoke test: .*smoke\.latency"):
        smoke(RUN, 1, package(RUN, 1), checks)

    assert ["smoke.latency"] == [check.code for check in read_checks(checks) if not check.passed]
    assert [("registered", 1), ("refused", 1)] == [
        (record.decision, record.version) for record in desk.registry.records()
    ]
    assert desk.registry.get(1).aliases == ("staging",)
    assert not (desk.root / ".slipway" / "local").exists()
    assert servers.running(Project(desk.root)) == []
