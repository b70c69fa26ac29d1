"""The code of a version learns nothing of the job that runs it."""

import json
from pathlib import Path

import pytest

from slipway.trust.environment import bare
from slipway.version.manifest import CODE
from slipway.version.process import VersionProcess
from tests.slipway.root import ROOT
from tests.slipway.tiny import tiny_version
from tests.slipway.version.conftest import rewrite
from tests.slipway.vouched import proven

SECRET = {
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t",
    "ACTIONS_RUNTIME_TOKEN": "t",
    "AWS_SECRET_ACCESS_KEY": "t",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/t",
    "AZURE_CLIENT_SECRET": "t",
    "GITHUB_ENV": "/t",
    "GITHUB_OUTPUT": "/t",
    "GITHUB_PATH": "/t",
    "GITHUB_TOKEN": "t",
    "GOOGLE_APPLICATION_CREDENTIALS": "/t",
    "HTTPS_PROXY": "http://user:t@proxy",
    "LD_PRELOAD": "",
    "MLFLOW_TRACKING_PASSWORD": "t",
    "MLFLOW_TRACKING_URI": "https://user:t@host",
    "PYTHONSTARTUP": "/t",
    "SSH_AUTH_SOCK": "/t",
    "SOME_NEW_TOKEN": "t",
}
ENVIRONMENT = pytest.mark.gate(
    "evaluate.environment",
    fed="a version whose code prints its environment, in a job with tokens, cloud keys and files of commands",
    stops="evaluate",
    exit=0,
    reason="nothing: the variables are not there",
    untouched="no variable of the job reaches the process",
    guard="trust.environment",
)


@ENVIRONMENT
def test_a_version_that_prints_its_environment_has_nothing_to_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts and scores all the same."""
    for name, value in SECRET.items():
        monkeypatch.setenv(name, value)
    tiny_version(ROOT, tmp_path / "version", "logistic")
    out = tmp_path / "seen.json"
    spy = f"import json, os, pathlib; pathlib.Path({str(out)!r}).write_text(json.dumps(dict(os.environ)))\n"
    rewrite(tmp_path / "version", "slipway/version/worker.py", "import json\n", f"{spy}import json\n")

    with VersionProcess(proven(tmp_path / "version")) as process:
        assert not process.ended
    seen = json.loads(out.read_text())
    assert set(SECRET) & set(seen) == set()
    assert "t" not in seen.values()
    assert seen["PYTHONPATH"].endswith(CODE)


@ENVIRONMENT
def test_what_a_process_needs_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what the caller adds."""
    for name, value in SECRET.items() | {"LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "2", "PATH": "/bin"}.items():
        monkeypatch.setenv(name, value)
    found = bare(PYTHONPATH="/code")

    assert {"LC_ALL", "OMP_NUM_THREADS", "PATH", "PYTHONPATH"} <= set(found)
    assert set(found) & set(SECRET) == set()
