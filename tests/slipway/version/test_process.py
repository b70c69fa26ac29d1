"""A version's own process: what it may do, and how it fails."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.version.process import Deadlines, VersionProcess
from tests.slipway.tiny import impressions
from tests.slipway.version.conftest import rewrite
from tests.slipway.vouched import proven

WORKER = "slipway/version/worker.py"
READY = 'json.dumps({"ready": True})'
REPLY = '"""Carry out one command."""'


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight rows, two requests."""
    path = tmp_path_factory.mktemp("requests") / "requests.parquet"
    pq.write_table(impressions(8).drop_columns(["clicked"]), path)
    return path


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Whatever happens, no process outlives its version."""
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= before


def test_it_scores_and_leaves_no_bytecode(
    copy: Path, requests: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was scored once is still whole the second time."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    for _ in range(2):
        with VersionProcess(proven(copy)) as process:
            assert process.score(requests, tmp_path / "out.npy").shape == (8,)
            assert process.seconds(requests, 0, 4) > 0

    assert not list(copy.rglob("__pycache__"))


def test_bytecode_beside_the_code_is_never_run(copy: Path, tmp_path: Path) -> None:
    """Python prefers unchecked bytecode to the source, so it must be refused before the process starts."""
    import py_compile

    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", encoding="utf-8")
    cached = copy / f"code/slipway/__pycache__/errors.{sys.implementation.cache_tag}.pyc"
    py_compile.compile(
        str(evil), str(cached), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )

    with pytest.raises(SlipwayError, match="not in the manifest"), VersionProcess(proven(copy)):
        pass

    assert not (tmp_path / "ran").exists()


def test_a_path_that_python_would_split_is_refused(whole: Path, tmp_path: Path) -> None:
    """The working tree's code would answer instead."""
    folder = shutil.copytree(whole, tmp_path / f"a{os.pathsep}b")

    with (
        pytest.raises(SlipwayError, match="in the path; Python would look elsewhere"),
        VersionProcess(proven(folder)),
    ):
        pass


def test_many_warnings_do_not_block_it(copy: Path, requests: Path, tmp_path: Path) -> None:
    """A megabyte on standard error is more than any pipe holds."""
    rewrite(copy, WORKER, REPLY, "sys.stderr.write('warning\\n' * 2**17)")

    with VersionProcess(proven(copy), Deadlines(score=60)) as process:
        assert np.isfinite(process.score(requests, tmp_path / "out.npy")).all()


def test_what_features_print_is_no_reply(copy: Path, requests: Path, tmp_path: Path) -> None:
    """A print that was left in the features does not break the protocol."""
    rewrite(copy, WORKER, REPLY, "print('here'); os.system('echo there')")

    with VersionProcess(proven(copy)) as process:
        assert process.score(requests, tmp_path / "out.npy").shape == (8,)


@pytest.mark.parametrize("said", ["'here'", "5", "'[]'", "'{}'"])
def test_a_first_line_that_is_no_reply_is_refused(copy: Path, said: str) -> None:
    """Older versions print into the protocol; the child ends all the same."""
    rewrite(copy, WORKER, READY, said)

    with (
        pytest.raises(SlipwayError, match=r"it said .*, expected a reply with 'ready'"),
        VersionProcess(proven(copy)),
    ):
        pass


def test_a_version_that_hangs_at_the_start_is_ended(copy: Path) -> None:
    """The wait is bounded."""
    rewrite(copy, WORKER, "folder = Path(sys.argv[1])", "time.sleep(600)")

    process = VersionProcess(proven(copy), Deadlines(start=1))
    with pytest.raises(SlipwayError, match="no answer within 1 s"):
        process.__enter__()

    assert process.ended
    assert process.errors.closed


def test_a_version_that_hangs_at_a_request_is_ended(copy: Path, requests: Path) -> None:
    """Each kind of work has its own limit."""
    rewrite(copy, WORKER, REPLY, "time.sleep(600)")

    with VersionProcess(proven(copy), Deadlines(request=0.5)) as process:
        with pytest.raises(SlipwayError, match=r"no answer within 0\.5 s"):
            process.seconds(requests, 0, 4)
        assert process.ended


def test_the_reason_is_the_last_line_that_says_something(copy: Path) -> None:
    """Pydantic ends its errors with a link."""
    rewrite(copy, WORKER, "folder = Path(sys.argv[1])", "from slipway.settings import Card; Card()")

    with pytest.raises(SlipwayError) as caught, VersionProcess(proven(copy)):
        pass

    assert "For further information" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_scores_that_cannot_be_read_are_one_line(copy: Path, requests: Path, tmp_path: Path) -> None:
    """A version's file is not to be trusted either."""
    rewrite(copy, WORKER, 'np.save(command["out"], scores, allow_pickle=False)', "pass")

    with (
        VersionProcess(proven(copy)) as process,
        pytest.raises(SlipwayError, match="its scores cannot be read"),
    ):
        process.score(requests, tmp_path / "out.npy")
