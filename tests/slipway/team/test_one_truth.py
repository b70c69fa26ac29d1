"""One script of commands on the embedded registry and on a team's: one history, the same aliases."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slipway.base.provenance import now
from slipway.records.decision import record_id
from slipway.records.seal import PURPOSE
from slipway.registry.kept_records import SIGNATURE
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.chain.conftest import Copy, copy_project
from tests.slipway.chain.test_demo import BROKEN
from tests.slipway.report import sample
from tests.slipway.stages.shared import ISSUER, WORKFLOW, lay
from tests.slipway.team.conftest import Served
from tests.slipway.trust.authority import Authority

pytestmark = pytest.mark.deep
SMALL = ("--size", "small")
STUMP = {"name": "stump", "kind": "boosting", "params": {"rounds": 1, "num_leaves": 2}}
BETTER = {"name": "better", "kind": "boosting", "params": {"rounds": 150, "learning_rate": 0.1}}
TIMED = ("latency", "seconds", "_ms", "memory", "slow", "late_rise")
"""In names of what a clock or a machine says."""


@dataclass(frozen=True)
class Machine(Copy):
    """A copy of the project.

    Attributes:
        theirs: what the team has set, which is in the environment of this test.
        joined: whether this machine has it too.
    """

    theirs: dict[str, str]
    joined: bool

    @property
    def environment(self) -> dict[str, str]:
        """A copy's, and a date for commits, so that both make the same ones."""
        dated = {f"GIT_{who}_DATE": "2026-03-01T12:00:00Z" for who in ("AUTHOR", "COMMITTER")}
        named = {f"GIT_{who}_{what}": "t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        known = super().environment | dated | named
        return {name: one for name, one in known.items() if self.joined or name not in self.theirs}

    def commit(self) -> None:
        """What runs on a shared registry has to be committed."""
        for words in (["add", "-A"], ["commit", "-q", "-m", "change"]):
            subprocess.run(["git", "-C", str(self.root), *words], env=self.environment, check=True)

    def expect(self, code: int, *words: str) -> str:
        """Run a command, which ends so; what it said."""
        ran = self.slipway(*words)
        assert ran.returncode == code, (words, ran.stdout, ran.stderr)
        return ran.stdout + ran.stderr

    def told(self, *words: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self.slipway(*words, "--json").stdout)

    @property
    def registry(self) -> Registry:
        """As the environment of the test has it."""
        return Registry(Line(Project(self.root), "ad_click", "small"))


@pytest.fixture
def machines(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Machine, Machine, Authority]:
    """Two copies with one commit and the same data: one with a registry of its own, one with the team's."""
    copy, authority = copy_project(tmp_path), Authority()
    authority.write_root(copy.root / "root.json")
    kinds = copy.root / "slipway/rollout/targets/__init__.py"
    kinds.write_text(f'{kinds.read_text()}\nKINDS["team"] = _local\n')
    settings = copy.root / "project.yaml"
    bound = f"targets: {json.dumps({'local': 'embedded', 'team': served.url})}\n"
    trust = f"trust: {{issuer: '{ISSUER}', identity: '{WORKFLOW}', trusted_root: root.json}}\n"
    settings.write_text(f"{settings.read_text()}{bound}{trust}")
    copy.change_card(problem={"p99_latency_ms": 60_000})  # what else runs here is no evidence
    made = copy.run("dvc", "repro", "split@ad_click-small")
    assert made.returncode == 0, made.stderr
    theirs = served.environment
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    alone = Machine(copy.root, theirs, joined=False)
    alone.commit()
    root = shutil.copytree(copy.root, tmp_path / "theirs" / "a project", symlinks=True)
    return alone, Machine(root, theirs, joined=True), authority


def test_the_same_script_on_both(machines: tuple[Machine, Machine, Authority], tmp_path: Path) -> None:
    """Champions, a promotion, rollbacks, a refusal and an abort; on the team's, signed when it has to be."""
    alone, team, authority = machines
    found: dict[str, dict[str, Any]] = {}
    for machine in (team, alone):
        shared = machine is team

        def sign(machine: Machine = machine, shared: bool = shared) -> None:
            if shared:
                sign_left(machine.registry, authority)

        machine.expect(0, "train", *SMALL, "--baseline")
        sign()
        machine.expect(0, "rollout", *SMALL)
        sign()
        machine.expect(0, "train", *SMALL)
        sign()
        machine.expect(0, "rollout", *SMALL)
        if shared:
            said = machine.expect(3, "rollout", *SMALL, "--version", "1")
            assert "moved production and is not signed yet" in said
        # At once, though nobody has signed the promotion.
        machine.expect(0, "rollback", *SMALL, "--reason", "clicks from robots")
        if shared:
            pending(machine)
        sign()
        machine.change_card(models={"candidates": [STUMP]})
        machine.commit()
        machine.expect(3, "train", *SMALL)
        sign()
        break_later(machine)
        machine.expect(0, "train", *SMALL)
        sign()
        machine.expect(3, "rollout", *SMALL)
        sign()
        machine.expect(0, "clear", *SMALL, "--version", "2", "--reason", "mended")
        sign()
        undo = attacked(machine, tmp_path / "an attacker's") if shared else list
        machine.expect(0, "rollback", *SMALL, "--to", "2", "--reason", "it was right")
        undo()
        sign()
        found[str(machine.root)] = seen(machine)

    here, there = found[str(alone.root)], found[str(team.root)]
    assert [one["decision"] for one in here["history"]] == [
        "registered",
        "first",
        "registered",
        "promote",
        "rollback",
        "refused",
        "registered",
        "abort",
        "cleared",
        "rollback",
    ]
    assert there["aliases"] == here["aliases"] == (2, None, None, 3)
    assert there == here


def pending(machine: Machine) -> None:
    """Promotion and rollback wait for their signatures: commands say so, and the history has them."""
    [status] = machine.told("status", *SMALL)
    assert (status["production"], status["stable"], status["by_hand"]) == (1, 1, [])
    assert "2 more moved production and must be signed" in status["records"]
    listed = machine.slipway("history", *SMALL, "--json")
    assert [one["decision"] for one in json.loads(listed.stdout)][-2:] == ["promote", "rollback"]
    assert "its seal waits to be signed; until then only a rollback follows" in listed.stderr
    waiting = machine.slipway("history", *SMALL, "--verify")
    assert waiting.returncode == 1
    assert waiting.stdout.count("unsigned: ") == 2, waiting.stdout


def attacked(machine: Machine, place: Path) -> Callable[[], object]:
    """Whoever can write to the registry says that version 3, which a canary stopped, went live.

    Returns what takes the record away again, which until then keeps nobody from anything.
    """
    for name in ("project.yaml", "root.json", "systems/ad_click/system.yaml"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(machine.root / name, place / name)
    theirs = Registry(Line(Project(place), "ad_click", "small"))
    run = theirs.start_run("rollout", "forged", "f")
    forged = sample.record(
        id=record_id(now(), "forged", max(theirs.chain().entries)),
        decision="promote",
        version=3,
        replaced=1,
        version_digest=theirs.get(3).digest,
        evaluation=None,
        canary=None,
        run=run,
    )
    with tempfile.TemporaryDirectory() as temporary:
        theirs.keep(forged, Path(temporary))
    theirs.point("production", 3)
    moved = machine.expect(3, "rollback", *SMALL, "--to", "3", "--reason", "please")
    assert f"record {forged.id} would put it there, and nobody has signed it" in moved
    assert "nobody has signed it" in machine.expect(3, "recover", *SMALL)
    theirs.point("production", 1)
    back = machine.expect(3, "rollback", *SMALL, "--to", "3", "--reason", "please")
    assert "version 3 was never in production" in back
    assert (machine.registry.resolve("production"), machine.told("status", *SMALL)[0]["stable"]) == (1, 1)
    theirs.client.delete_model_version_tag(theirs.name, "3", f"slipway.record.{forged.id}")
    return lambda: theirs.client.delete_tag(run, "slipway.record")


def sign_left(registry: Registry, authority: Authority) -> None:
    """What the workflow does with what a machine has left to be signed; then that is done with."""
    for path in sorted(registry.statements.glob("*.txt")):
        content = path.read_bytes()
        signature = authority.sign(content, WORKFLOW, ISSUER)
        if content.startswith(PURPOSE):
            said = json.loads(content.removeprefix(PURPOSE))
            lay(registry, said["run"], said["id"], signature)
        else:
            _, name, number, _ = content.decode().split("\n", 3)
            registry.client.set_model_version_tag(name, number, SIGNATURE, signature)
        path.unlink()


def break_later(machine: Machine) -> None:
    """A better candidate whose code fails on requests of a later day: a fault that only traffic shows."""
    split = machine.root / "data/ad_click/small/split/manifest.json"
    late = json.loads(split.read_text())["parts"]["replay"]["start"][:19]
    features = machine.root / "systems/ad_click/features.py"
    sound = features.read_text().replace("def transform(", "def sound_transform(")
    features.write_text(sound + BROKEN.format(late=late))
    machine.change_card(models={"candidates": [BETTER]})
    machine.commit()


def seen(machine: Machine) -> dict[str, Any]:
    """What a registry says at the end: history, aliases, whether it holds; without ids and times."""
    listed = machine.told("history", *SMALL, "--all")
    [status] = machine.told("status", *SMALL)
    verified = machine.slipway("history", *SMALL, "--verify", "--json")
    [chain] = json.loads(verified.stdout).values()
    assert verified.returncode == 0, verified.stdout + verified.stderr
    names = ("production", "canary", "previous", "staging")
    return {
        "history": [normalised(one) for one in listed],
        "aliases": tuple(status[name] for name in names),
        "traffic": (status["stable"], status["canary_traffic"], status["problems"]),
        "chain": (chain["records"], sum(chain["signed"].values()), chain["breaks"], chain["waiting"]),
    }


def normalised(value: Any) -> Any:
    """Without what differs from run to run on one registry too."""
    if isinstance(value, dict):
        if any(word in str(value.get("code")) for word in TIMED):
            return {"code": value["code"], "passed": value.get("passed")}
        own = {"id", "at", "run"}
        kept = {key: one for key, one in value.items() if key not in own}
        return {key: normalised(one) for key, one in kept.items() if not any(word in key for word in TIMED)}
    if isinstance(value, list):
        return [normalised(one) for one in value]
    if isinstance(value, str):  # a reason names the checks that decided, one after another
        return "; ".join(part for part in value.split("; ") if not part.startswith("canary.latency"))
    return value
