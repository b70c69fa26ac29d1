"""One tiny version, as an application in this process and as a Bento in a process of its own."""

import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from slipway.release.servers import Server
from slipway.serving.served import Served
from slipway.settings.root import Project
from tests.slipway.root import ROOT
from tests.slipway.serving.browser import Browser
from tests.slipway.serving.tabled import CHURN, Tabled, customers, tabled

FORMAT = "kind: table, format: csv"
PLAIN = f"{{{FORMAT}}}"
MARKS = "trim: true, missing: [NA, '-999']"


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version laid out as in a Bento's `src`."""
    from slipway.release.bento import lay_out
    from tests.slipway.tiny import registered, tiny_version

    folder = tmp_path_factory.mktemp("serving")
    manifest = tiny_version(ROOT, folder / "version", "boosting")
    lay_out(folder / "version", manifest, registered(folder / "version", 7), folder / "src")
    return folder / "src"


@pytest.fixture(scope="session")
def served(laid_out: Path) -> Served:
    """The version, loaded."""
    from slipway.serving.served import load

    return load(laid_out, None)


@pytest.fixture(scope="session")
def browser(served: Served) -> Browser:
    """The application in this process."""
    from slipway.serving.app import build

    return Browser(build(served))


@pytest.fixture(scope="session")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Tabled:
    """A version of a table in which every input lacks a few values."""
    return tabled(tmp_path_factory.mktemp("churn") / "a project", customers(), CHURN)


@pytest.fixture(scope="session")
def churn_browser(churn: Tabled) -> Browser:
    """Its application in this process."""
    return churn.browser


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Tabled:
    """A version of a table whose card cuts spaces and names marks."""
    root = tmp_path_factory.mktemp("cut") / "a project"
    return tabled(root, customers(1200), CHURN, lambda card: card.replace(PLAIN, f"{{{FORMAT}, {MARKS}}}"))


@dataclass(frozen=True)
class Running:
    """A Bento that is served, and the project that it belongs to."""

    project: Project
    server: Server


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The Bento's own server process."""
    from slipway.release import servers
    from tests.slipway.tiny import tiny_bento

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))  # a test has 1,000 clients
    project, tag = tiny_bento(tmp_path_factory.mktemp("served") / "a project", ROOT)
    server = servers.start(project, tag, 7)
    yield Running(project, server)
    for left in servers.running(project):
        servers.stop(project, left)
