"""The Bento, in a process of its own."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.release.bento import bento_path, build_bento
from slipway.release.servers import running as servers_running
from slipway.release.servers import start
from slipway.version.answer import rank
from slipway.version.assemble import SCORE
from slipway.version.manifest import Registered
from tests.slipway.root import ROOT
from tests.slipway.serving.browser import OPTION, REQUEST
from tests.slipway.serving.conftest import Running
from tests.slipway.tiny import registered, tiny_version
from tests.slipway.vouched import proven


def ask(running: Running, method: str, *arguments: Any) -> Any:
    """Call KServe's own client."""
    from kserve import InferenceRESTClient, RESTConfig

    async def call() -> Any:
        async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
            return await getattr(client, method)(running.server.url, *arguments)

    return asyncio.run(call())


def test_kserves_client_finds_it_ready(running: Running) -> None:
    """Liveness and readiness of server and model."""
    assert ask(running, "is_server_live") is True
    assert ask(running, "is_server_ready") is True
    assert ask(running, "is_model_ready", "ad_click") is True
    assert ask(running, "is_model_ready", "fraud") is False


def test_kserves_client_gets_the_scores_of_training(running: Running) -> None:
    """The sample scored at training time, sent as KServe sends tensors."""
    from kserve import InferInput, InferRequest

    bento = bento_path(running.project, running.server.tag)
    sample = pq.read_table(bento / "src/version/parity.parquet")
    kinds = {"time": "BYTES", "placement": "BYTES", "device": "BYTES", "price": "FP64"}
    inputs = []
    for name in REQUEST | OPTION:
        values = [str(value) if name == "time" else value for value in sample[name].to_pylist()]
        inputs.append(InferInput(name, [sample.num_rows], kinds.get(name, "INT64"), values))
    answer = ask(running, "infer", InferRequest("ad_click", inputs), "ad_click")
    found = {tensor.name: tensor.as_numpy() for tensor in answer.outputs}
    scores = sample[SCORE].to_numpy()

    assert (answer.model_name, answer.outputs[0].shape) == ("ad_click", [sample.num_rows])
    np.testing.assert_allclose(found["score"], scores, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found["rank"], rank(scores, sample["request_id"].to_numpy()))


def test_metrics_carry_the_version_and_stay_bounded(running: Running) -> None:
    """BentoML's own series, one per path, are switched off."""

    def count() -> int:
        lines = httpx.get(f"{running.server.url}/metrics").text.splitlines()
        assert all('version="7"' in line for line in lines if line.startswith("slipway_"))
        return len(lines)

    httpx.get(f"{running.server.url}/unknown")
    before = count()
    for number in range(50):
        httpx.get(f"{running.server.url}/unknown-{number}")

    assert count() == before > 5


@pytest.mark.parametrize("path", ["/readyz", "/livez"])
def test_kubernetes_probes(running: Running, path: str) -> None:
    """BentoML's probes answer beside the protocol's."""
    assert httpx.get(f"{running.server.url}{path}").status_code == 200


def spoil(running: Running, number: int, name: str) -> str:
    """A copy of the Bento under another number, with one byte more in one file; its tag."""
    tag = f"{running.server.tag.partition(':')[0]}:{number}"
    shutil.copytree(bento_path(running.project, running.server.tag), bento_path(running.project, tag))
    with (bento_path(running.project, tag) / "src" / name).open("ab") as file:
        file.write(b"\n")
    return tag


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (101, "version/model/weights.npy"),
        (102, "version/features.npz"),
        (103, "systems/ad_click/features.py"),
    ],
)
def test_a_tampered_bento_does_not_start(running: Running, number: int, name: str) -> None:
    """The error names the file, and no process is left."""
    with pytest.raises(SlipwayError, match=f"^[^:]*{name}: sha256 .*, the manifest says"):
        start(running.project, spoil(running, number, name), number)

    assert servers_running(running.project) == [running.server]


def test_bentoml_serve_ends_at_a_tampered_bento(running: Running, tmp_path: Path) -> None:
    """As in the image: the supervisor ends with one clear line, before any worker."""
    tag = spoil(running, 104, "version/model/weights.npy")
    bento = bento_path(running.project, tag)
    digest = Registered.model_validate_json((bento / "src/version/registered.json").read_bytes()).digest
    done = bentoml_serve(bento, tmp_path, SLIPWAY_VERSION_DIGEST=digest)

    assert done.returncode == 1
    assert "version/model/weights.npy: sha256" in done.stderr.splitlines()[-1]


@pytest.mark.gate(
    "serve.named_digest",
    fed="an image that is started without the digest of the version which it is to serve",
    stops="serve",
    exit=1,
    reason="SLIPWAY_VERSION_DIGEST: not set, expected the digest of the version to serve",
    untouched="no version loaded, no server process left",
    guard="serve.named_digest",
)
@pytest.mark.parametrize("named", [{}, {"SLIPWAY_VERSION_DIGEST": ""}])
def test_an_image_does_not_vouch_for_itself(running: Running, tmp_path: Path, named: dict[str, str]) -> None:
    """Whoever could change what is inside could change the digest inside, too."""
    done = bentoml_serve(bento_path(running.project, running.server.tag), tmp_path, **named)

    assert done.returncode == 1
    assert "SLIPWAY_VERSION_DIGEST: not set, expected the digest" in done.stderr.splitlines()[-1]


def bentoml_serve(bento: Path, home: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Serve a Bento as an image does, until it ends by itself."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "bentoml", "serve", str(bento), "--host", "127.0.0.1", "--port", "0"],
        # As its own settings have it in an image.
        env=os.environ
        | {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True", "PYTHONDONTWRITEBYTECODE": "1"}
        | changes,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.gate("serve.parity")
def test_a_bento_that_answers_otherwise_than_in_training_does_not_start(
    running: Running, tmp_path: Path
) -> None:
    """Every digest matches, and the scores do not."""
    tiny_version(ROOT, tmp_path / "skewed", "boosting", skew=1e-5)
    tag = build_bento(running.project, proven(tmp_path / "skewed"), registered(tmp_path / "skewed", 105))

    with pytest.raises(SlipwayError, match=r"parity\.parquet: served scores differ by 1e-05"):
        start(running.project, tag, 105)

    assert servers_running(running.project) == [running.server]


@pytest.mark.gate(
    "serve.expected_digest",
    fed="a Bento that is not the version which whoever deploys has named",
    stops="serve",
    exit=1,
    reason="SLIPWAY_VERSION_DIGEST: expected one digest, packaged is another",
    untouched="no server process left",
)
def test_another_version_than_expected_does_not_start(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever deploys may name the digest that must be inside."""
    monkeypatch.setenv("SLIPWAY_VERSION_DIGEST", "0" * 64)

    with pytest.raises(SlipwayError, match="SLIPWAY_VERSION_DIGEST: expected 000000000000"):
        start(running.project, running.server.tag, 7)

    assert servers_running(running.project) == [running.server]
