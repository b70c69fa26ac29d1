"""The smoke test holds a served version against its folder."""

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from slipway.release import servers
from slipway.release.servers import Server
from slipway.rollout.smoke import smoke_checks
from slipway.settings import Card
from slipway.version.assemble import SCORE
from tests.slipway.rollout.live import Live


@pytest.fixture(scope="module")
def server(live: Live) -> Iterator[Server]:
    """The second version's Bento."""
    server = servers.start(live.project, live.by_tag(live.second).bento, 2)
    yield server
    servers.stop(live.project, server)


@pytest.fixture
def patient(live: Live) -> Card:
    """A card whose latency budget any machine keeps."""
    problem = live.card.problem.model_copy(update={"p99_latency_ms": 60_000.0})
    return live.card.model_copy(update={"problem": problem})


def failed(card: Card, url: str, folder: Path, number: int) -> set[str]:
    """The codes of the checks that failed."""
    return {check.code for check in smoke_checks(card, url, folder, number) if not check.passed}


def with_scores(live: Live, folder: Path, scores: pa.Array) -> Path:
    """The second version with other scores of training."""
    shutil.copytree(live.folder(live.second), folder)
    sample = pq.read_table(folder / "parity.parquet")
    place = sample.schema.get_field_index(SCORE)
    pq.write_table(sample.set_column(place, SCORE, scores), folder / "parity.parquet")
    return folder


def training_scores(live: Live) -> pa.ChunkedArray:
    """The scores kept with the second version."""
    return pq.read_table(live.folder(live.second) / "parity.parquet")[SCORE]


def test_a_sound_version_passes(live: Live, server: Server, patient: Card) -> None:
    """Every check, each once."""
    checks = smoke_checks(patient, server.url, live.folder(live.second), 2)

    assert [check.code for check in checks if not check.passed] == []
    assert len({check.code for check in checks}) == len(checks) == 9


def test_another_number_fails(live: Live, server: Server, patient: Card) -> None:
    """The metadata and every answer name version 2."""
    found = failed(patient, server.url, live.folder(live.second), 3)

    assert found == {"smoke.version", "smoke.scores", "smoke.ranks", "smoke.predict"}


def test_other_scores_than_in_training_fail(
    live: Live, server: Server, patient: Card, tmp_path: Path
) -> None:
    """By more than 1e-6, though the ranks are the same."""
    folder = with_scores(live, tmp_path / "version", pc.add(training_scores(live), 2e-6))

    assert failed(patient, server.url, folder, 2) == {"smoke.scores", "smoke.predict"}


def test_a_kind_may_allow_more(live: Live, server: Server, patient: Card, tmp_path: Path) -> None:
    """The version's manifest says how much, as its kind declared it."""
    folder = with_scores(live, tmp_path / "version", pc.add(training_scores(live), 2e-6))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"tolerance": 1e-5}))

    assert failed(patient, server.url, folder, 2) == set()


def test_other_ranks_than_in_training_fail(live: Live, server: Server, patient: Card, tmp_path: Path) -> None:
    """As when the scores are turned round."""
    folder = with_scores(live, tmp_path / "version", pc.subtract(1.0, training_scores(live)))

    assert "smoke.ranks" in failed(patient, server.url, folder, 2)


def test_a_latency_over_budget_fails(live: Live, server: Server, patient: Card) -> None:
    """A budget that no machine keeps."""
    problem = patient.problem.model_copy(update={"p99_latency_ms": 1e-6})
    hurried = patient.model_copy(update={"problem": problem})

    assert failed(hurried, server.url, live.folder(live.second), 2) == {"smoke.latency"}


@pytest.fixture
def faulty() -> Iterator[str]:
    """A server whose every answer is 500."""

    class Faulty(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_error(500)

        do_GET = do_POST  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Faulty) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_server_that_fails_at_everything_fails_every_check(live: Live, faulty: str) -> None:
    """Malformed requests, too, are answered by 5xx."""
    checks = smoke_checks(live.card, faulty, live.folder(live.second), 2)

    assert [check.code for check in checks if check.passed] == []


def test_a_server_that_is_down_fails_every_check(live: Live) -> None:
    """Failed checks, not a crash."""
    checks = smoke_checks(live.card, "http://127.0.0.1:9", live.folder(live.second), 2)

    assert [check.code for check in checks if check.passed] == []


def test_a_card_of_then_may_hold_what_today_refuses(
    live: Live, server: Server, patient: Card, tmp_path: Path
) -> None:
    """Rules about gates and kinds of models come and go; a version is asked by its columns and task."""
    folder = Path(shutil.copytree(live.folder(live.second), tmp_path / "older"))
    content = json.loads((folder / "card.json").read_bytes())
    content["gate"] |= {"max_of_then": 1.0}
    content["rollout"]["decision"]["metric"] = "of_then"
    content["models"]["candidates"][0]["kind"] = "of_then"
    (folder / "card.json").write_text(json.dumps(content))

    assert failed(patient, server.url, folder, 2) == set()
