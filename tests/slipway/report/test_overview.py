"""One page over all lines: what stands there, as text, whatever data and registries hold."""

from pathlib import Path

import pytest

from slipway.report import render
from slipway.report.overview import _is_still, pages, paths
from tests.slipway.report import overviews, sample
from tests.slipway.report.overviews import AT, page, seen
from tests.slipway.report.reading import Reading
from tests.slipway.report.test_browser import attacks, browsed


def test_it_says_what_is_live_and_where() -> None:
    """Aliases, traffic, who answers, what is under way, the decision and why."""
    shown = Reading(page(seen())).text

    for part in (
        "2, 3 at 10 %",
        "version 2 at http://127.0.0.1:3000",
        "… canary version 3, step 1 of 3, 10 % of the users, since 2026-03-01 12:00 UTC",
        "The newest 1 of 7 that hold",
        "✓ promoted",
        "better",
        "none kept",
        "no record of it holds",
    ):
        assert part in shown, part


def test_lineage_is_told_in_words() -> None:
    """From data to traffic: the label of the picture says all that is drawn."""
    chain = str(paths(seen())[0])
    assert chain.startswith("data fingerprint (at revision), then run run (boosting, 20")
    assert chain.endswith(" UTC), then traffic 90 % (production)")
    labels = [value for name, value in Reading(page(seen())).attributes if name == "aria-label"]
    assert [chain in label for label in labels if "come from" in label] == [True, True]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"problems": ["the alias is 1"]}, "the alias is 1. slipway status --system ad_click --size small"),
        ({"breaks": ["changed: r1"]}, "changed: r1. slipway history --verify --system ad_click --size small"),
        ({"by_hand": ["version 3: Promote"]}, "! by hand version 3: Promote"),
        ({"target": None}, "its traffic is not known here"),
        ({"running": [], "canary_traffic": None, "weight": 0}, "✓ agrees"),
    ],
)
def test_what_is_wrong_comes_with_its_command(changes: dict[str, object], said: str) -> None:
    """And stands in the first table as a number of things to look at."""
    shown = Reading(page(seen(**changes))).text

    assert said in shown
    assert ("1 to look at" in shown) is (changes.keys() <= {"problems", "breaks", "by_hand"})


def test_nothing_yet_is_a_page() -> None:
    """As for CI of a project that has just begun."""
    shown = Reading(page())
    assert "Begin with slipway demo" in shown.text
    assert shown.addresses == set()


def test_an_address_tells_no_password() -> None:
    """Whoever may see the page need not know it."""
    shown = page(seen(" postgresql://a:secret@host/x"))  # pragma: allowlist secret
    assert "secret" not in shown
    assert "postgresql://***@host/x" in shown


def test_an_attack_is_text_in_a_browser(tmp_path: Path) -> None:
    """In tags, ids, fingerprints, reasons and what is wrong; in the picture too."""
    found = attacks("http://127.0.0.1:9")
    for number, attack in enumerate(found):
        line = seen(attack, problems=[attack], breaks=[attack], by_hand=[attack], records=attack)
        shown = Reading(page(line))
        assert not {"script", "img", "iframe", "base", "object"} & set(shown.tags), number
        assert (shown.tags.count("style"), shown.tags.count("meta")) == (1, 4)
        assert [name for name, _ in shown.attributes if name.startswith("on")] == []
        assert {one for one in shown.addresses if not one.startswith("reports/")} == set()
    whole = "".join(found[:4])
    dom = browsed(page(seen(whole, problems=[whole], registry=whole)), tmp_path)
    assert "data-ran" not in dom.split(">", 2)[1]
    assert " ".join(found[0].split()) in Reading(dom).text


def test_a_report_goes_along_where_it_is_ours() -> None:
    """What somebody else put in its place is not copied: nobody signs a report."""
    ours = render(sample.promoted(), sample.card(), sample.split())
    made = pages("demo", [seen(report=ours)], AT)
    [name] = made.keys() - {"index.html"}

    assert made[name] == ours
    assert f'href="{name}"' in made["index.html"]
    assert _is_still(ours)
    policy = ours.replace("default-src 'none'", "default-src *")
    moved = ours.replace("<head>\n", "<head>\n<script>1</script>\n")
    led = ours.replace("</body>", '<META HTTP-EQUIV="refresh" content="0;url=x"></body>')
    assert [_is_still(one) for one in ("", "<p>", policy, moved, led)] == [False] * 5


def test_files_stay_in_the_folder() -> None:
    """Whatever an id is called."""
    made = pages("demo", [seen("/../../x", report="<p>")], AT)
    assert [name for name in made if ".." in name or name.count("/") > 1] == []


def test_every_role_is_shown_once() -> None:
    """A version with traffic and no alias has a row too."""
    from slipway.report.overview import _roles

    assert _roles(overviews.status()) == {
        2: ("production",),
        3: ("canary", "staging", "canary traffic"),
        1: ("previous",),
    }
    apart = overviews.status(production=1, previous=None, stable=2)
    assert _roles(apart)[2] == ("stable traffic",)
