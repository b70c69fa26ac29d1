"""A project whose registry is MLflow's own server and whose traffic is a real cluster's."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import pytest

from slipway.registry.versions import Registry
from slipway.rollout import buckets
from slipway.rollout.client import Client
from slipway.rollout.smoke import Sample
from slipway.rollout.targets.cluster.manifests import Objects
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.chain.conftest import Copy, copy_project
from tests.slipway.cluster.place import Space, failing, image, space
from tests.slipway.stages.shared import ISSUER, WORKFLOW, sign, sign_records
from tests.slipway.team.conftest import Served, rows, served, store
from tests.slipway.trust.authority import Authority

__all__ = ["rows", "served", "store"]

SMALL = ("--size", "small")
STEPS = [
    {"weight": weight, "requests": requests} for weight, requests in ((10, 1000), (25, 1500), (50, 7500))
]
"""Enough for what these versions differ by."""


@dataclass
class Team:
    """A project on some machine, the workflow that signs for it, and where it serves."""

    copy: Copy
    authority: Authority
    space: Space
    images: dict[int, str] = field(default_factory=dict)
    failing: dict[int, str] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def line(self) -> Line:
        """Its small line, read anew."""
        return Line(Project(self.copy.root), "ad_click", "small")

    @property
    def registry(self) -> Registry:
        """The team's."""
        return Registry(self.line)

    @property
    def objects(self) -> Objects:
        """What the line's objects are called."""
        settings = self.line.project.settings.cluster
        assert settings is not None
        return Objects(self.line.bento, settings)

    def slipway(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; then the workflow signs what it kept."""
        done = self.copy.slipway(*arguments)
        sign_records(self.registry, self.authority)
        return done

    def trains(self, *arguments: str) -> int:
        """Train a version, sign it and build its image; its number."""
        done = self.slipway("train", *SMALL, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        number = self.registry.resolve("staging")
        assert number is not None
        sign(self.registry, self.authority, number)
        done = self.slipway("package", *SMALL)
        assert done.returncode == 0, done.stdout + done.stderr
        tag = f"{self.line.bento}:{number}"
        with TemporaryDirectory() as folder:
            work = Path(folder) / "work"
            work.mkdir()
            version = self.registry.download(number, Path(folder) / "version").folder
            self.images[number] = image(self.line.project, tag, version, number, self.registry.name)
            self.failing[number] = failing(self.line.project, tag, version, number, self.registry.name, work)
            self.bodies = Sample.read(version).offers
        return number

    def rolls_out(self, number: int, image: str | None = None) -> subprocess.CompletedProcess[str]:
        """Roll a version out, by its own image if by no other one."""
        named = ("--version", str(number), "--image", image or self.images[number])
        return self.slipway("rollout", *SMALL, *named)

    def status(self) -> dict:
        """Aliases, traffic and what answers."""
        found: dict = json.loads(self.copy.slipway("status", *SMALL, "--json").stdout)[0]
        return found

    def decisions(self) -> list[dict]:
        """The decision records, oldest first."""
        found: list[dict] = json.loads(self.copy.slipway("history", *SMALL, "--json").stdout)
        return found


@pytest.fixture(scope="module")
def team(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """A project in which nothing has run."""
    with pytest.MonkeyPatch.context() as patch, space() as found:
        for name, value in served.environment.items():
            patch.setenv(name, value)
        copy, authority = copy_project(tmp_path_factory.mktemp("cluster")), Authority()
        authority.write_root(copy.root / "root.json")
        copy.change_card(rollout={"steps": STEPS})
        settings = copy.root / "project.yaml"
        trust = f"trust: {{issuer: '{ISSUER}', identity: '{WORKFLOW}', trusted_root: root.json}}\n"
        settings.write_text(f"{settings.read_text()}{trust}")
        found.bind(copy.root, served.url)
        copy.git("add", "-A")
        copy.git("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "a cluster")
        # What `k8s/rollout` grants is all that the commands below have.
        patch.setenv("KUBECONFIG", str(found.account(copy.root.parent)))
        made = copy.slipway("data", "reproduce", *SMALL)
        assert made.returncode == 0, made.stdout + made.stderr
        yield Team(copy, authority, found)


@dataclass
class Clients:
    """Users who ask all the time: how each was answered, status and version by bucket.

    Attributes:
        scored: whether they want scores, and not only to know which version it is.
    """

    team: Team
    scored: bool = False
    seen: list[tuple[str, int, str | None]] = field(default_factory=list)

    def __enter__(self) -> "Clients":
        self.ended = Event()
        self.asking = Thread(target=self._ask)
        self.asking.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.asking.join()

    def _ask(self) -> None:
        settings = self.team.line.project.settings.cluster
        assert settings is not None
        client = Client(settings.gateway.url, 10.0, {"Host": self.team.objects.host})
        turn = 0
        while not self.ended.wait(0.02):
            bucket = str(turn % buckets.BUCKETS) if turn % 7 else ""
            headers = {buckets.HEADER: bucket} if bucket else {}
            if self.scored:
                body = self.team.bodies[turn % len(self.team.bodies)]
                reply = client.post("/v2/models/ad_click/infer", body, headers)
            else:
                reply = client.get("/v2/models/ad_click", headers)
            said = json.loads(reply.content) if reply.status == 200 else {}
            version = said.get("model_version") or said.get("versions", [None])[0]
            self.seen.append((bucket, reply.status, version))
            turn += 1
        client.close()

    def failed(self) -> list[tuple[str, int, str | None]]:
        """Those who got no answer."""
        return [one for one in self.seen if one[1] != 200]

    def versions(self, bucket: str | None = None) -> list[str]:
        """Which versions answered, in order, each time that it changed; of one bucket, or of all."""
        said = [version for asked, _, version in self.seen if version and bucket in (None, asked)]
        return [one for place, one in enumerate(said) if not place or said[place - 1] != one]
