"""A page full of attacks, in a real browser: every attack is text, nothing runs and nothing is fetched."""

import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.records.checks import Check
from slipway.report import render
from tests.demanded import absent
from tests.slipway.report import sample
from tests.slipway.report.reading import Reading

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
RAN = "document.documentElement.setAttribute('data-ran','yes')"


class Fetched(http.server.BaseHTTPRequestHandler):
    """Notes what a page fetches."""

    paths: list[str] = []

    def do_GET(self) -> None:
        """Note it, and give nothing."""
        self.paths.append(self.path)
        self.send_error(404)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a host that nothing may be fetched from."""
    monkeypatch.setattr(Fetched, "paths", [])
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fetched) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def attacks(foreign: str) -> list[str]:
    """What runs or fetches where it is taken for markup, in text, in an attribute, in SVG and in CSS."""
    return [
        f"<script>{RAN}</script>",
        f'"><img src="{foreign}/img" onerror="{RAN}">',
        f"<svg onload={RAN}><a href=javascript:{RAN}>",
        f"</title></style></script><script src={foreign}/js></script>",
        f'</text></svg><iframe srcdoc="<script>parent.{RAN}</script>">',
        f"]]><script>{RAN}</script><![CDATA[",
        f"' style='background:url({foreign}/css)' onmouseover='{RAN}",
        f"<style>@import '{foreign}/css2'</style>",
        f"<meta http-equiv=refresh content='0;url={foreign}/refresh'><base href={foreign}/>",
        f"{{{{ ''.__class__ }}}}{{% set x = 1 %}}<details open ontoggle={RAN}>",
        f"&lt;script&gt;{RAN}&lt;/script&gt;&#60;img src=x onerror={RAN}&#62;",
    ]


def hostile(found: list[str]) -> str:
    """The page of a decision in which every text that anybody may choose is an attack."""
    first = found[0]
    evidence = sample.evidence(slices=[(one, other) for one, other in zip(found, found[::-1], strict=True)])
    named = {"model": found[1]}
    evidence = evidence.model_copy(
        update={
            "system": found[2],
            "baseline": evidence.baseline.model_copy(update=named),
            "candidate": evidence.candidate.model_copy(update=named),
            "champion_problem": found[3],
            "validation": [one.model_copy(update=named) for one in evidence.validation],
            "holdout": evidence.holdout.model_copy(update={"fingerprint": found[4]}),
        }
    )
    canary = sample.canary()
    failed = [Check(code=one, passed=False, found=one, allowed=one) for one in found]
    verdict = canary.verdict.model_copy(update={"checks": failed})
    canary = canary.model_copy(
        update={"system": first, "experiment": first, "target": found[5], "verdict": verdict}
    )
    record = sample.record(
        id=first,
        by=found[1],
        system=found[2],
        reason="".join(found),
        size=first,
        data_fingerprint=found[3],
        revision=found[4],
        git_commit=found[5],
        version_digest=found[6],
        code_digest=found[7],
        bento=found[8],
        run=found[9],
        checks=failed,
        data_checks={"evaluated": 1, "failed_critical": found, "failed_warning": found},
        evaluation=evidence,
        canary=canary,
    )
    card = sample.card()
    card = card.model_copy(update={"problem": card.problem.model_copy(update={"objective": found[6]})})
    split = sample.split().model_copy(update={"system": found[7], "source": found[8]})
    return render(record, card, split, f"javascript:{RAN}")


def browsed(page: str, folder: Path) -> str:
    """What the browser made of a page, once it was loaded and its scripts had run."""
    if BROWSER is None:
        absent("no Chromium on this machine")
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000"]
    done = subprocess.run(
        [BROWSER, *options, f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_an_attack_is_text_in_a_browser(tmp_path: Path, foreign: str) -> None:
    """In every place of the page, the figures included."""
    found = attacks(foreign)
    page = browsed(hostile(found), tmp_path)
    shown = Reading(page)

    assert "data-ran" not in page.split(">", 2)[1]
    assert Fetched.paths == []
    assert not {"script", "img", "iframe", "base", "a"} & set(shown.tags)
    assert not [name for name, _ in shown.attributes if name.startswith("on")]
    for attack in found:
        assert " ".join(attack.split()) in shown.text


def test_a_figure_shows_an_attack_as_text(tmp_path: Path, foreign: str) -> None:
    """Slices are drawn by their values."""
    found = attacks(foreign)
    page = browsed(hostile(found), tmp_path)
    figures = Reading(page[page.index('<section id="slices"') : page.index('<section id="latency"')])

    assert "script" not in figures.tags
    assert all(attack[:10] in figures.text for attack in found)


@pytest.mark.parametrize("number", [0, 1, 2, 4, 9])
def test_the_browser_does_run_what_is_no_text(tmp_path: Path, foreign: str, number: int) -> None:
    """So the tests above see what they look for."""
    page = browsed(f"<!doctype html><html><body>{attacks(foreign)[number]}</body></html>", tmp_path)

    assert 'data-ran="yes"' in page.split(">", 2)[1]


def test_the_policy_stops_what_would_get_through(tmp_path: Path, foreign: str) -> None:
    """Were an attack ever written as markup, the page's own policy would let nothing run or be fetched."""
    page = hostile(attacks(foreign)).replace("</body>", "".join(attacks(foreign)) + "</body>")
    shown = browsed(page.replace("http-equiv=refresh", ""), tmp_path)

    assert "script" in Reading(shown).tags
    assert "data-ran" not in shown.split(">", 2)[1]
    assert Fetched.paths == []
