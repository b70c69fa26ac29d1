"""Pages in a real window: on a phone, by keyboard, in the dark, and printed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.report import render
from tests.slipway.report import sample
from tests.slipway.report.overviews import page, seen
from tests.slipway.report.window import DESKTOP, PHONE, Window, window

CONTRAST = """
const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
const paint = (colours) => {
  canvas.clearRect(0, 0, 1, 1);
  for (const one of colours) { canvas.fillStyle = one; canvas.fillRect(0, 0, 1, 1); }
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
const found = [];
for (const one of document.querySelectorAll("body *")) {
  const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own || !one.checkVisibility() || one.closest(".apart, .skip")) continue;
  const grounds = [];
  for (let at = one; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
  const style = getComputedStyle(one), ground = paint(["white", ...grounds]);
  const ink = paint(["white", ...grounds, one.namespaceURI.endsWith("svg") ? style.fill : style.color]);
  const [low, high] = [light(ink), light(ground)].sort((a, b) => a - b);
  const ratio = (high + 0.05) / (low + 0.05);
  if (ratio < 4.5) found.push(`${one.tagName} ${one.textContent.trim().slice(0, 30)}: ${ratio}`);
}
return found;
"""
"""Texts with less than the 4.5 to 1 of WCAG 2.2, success criterion 1.4.3 (level AA)."""
LONG = " a_very_long_name_without_any_place_to_break_it" * 3


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """One window for all pages."""
    with window(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def overview(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a line with much to say, and of one with names that do not break."""
    path = tmp_path_factory.mktemp("overview") / "index.html"
    wrong = {"problems": ["the alias production is 1"], "breaks": ["changed: r1"], "by_hand": ["by hand"]}
    path.write_text(page(seen(report="<p>", **wrong), seen(LONG, problems=[LONG])), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report most of whose checks have passed, which are collapsed."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(sample.promoted(), sample.card(), sample.split()), encoding="utf-8")
    return path


@pytest.mark.parametrize("metrics", [PHONE, PHONE | {"width": 320}, DESKTOP])
def test_a_page_is_as_wide_as_its_window(shown: Window, overview: Path, metrics: dict[str, int]) -> None:
    """Nothing scrolls sideways but a table in its own frame."""
    shown.open(overview, metrics)
    assert shown.run("return document.documentElement.scrollWidth") <= metrics["width"]
    # The figure that fits is the one that is shown.
    wide = shown.run("return document.querySelector('.wide').checkVisibility()")
    assert wide is (metrics is DESKTOP)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("metrics", [PHONE, DESKTOP])
def test_every_text_can_be_read(shown: Window, overview: Path, metrics: dict[str, int], scheme: str) -> None:
    """By its contrast with what lies below it, in the picture too."""
    shown.open(overview, metrics, prefers_color_scheme=scheme)
    dark = shown.run("return getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark is (scheme == "dark")
    assert shown.run(CONTRAST) == []


def test_contrast_is_measured(shown: Window, tmp_path: Path) -> None:
    """The test above can bite."""
    (tmp_path / "grey.html").write_text("<body><p style='color:#999'>hardly</p><p>well</p></body>")
    shown.open(tmp_path / "grey.html", DESKTOP)
    assert len(shown.run(CONTRAST)) == 1


def test_the_keyboard_reaches_everything(shown: Window, overview: Path) -> None:
    """The way past the links comes first; what has the focus shows it, in the order of the page."""
    shown.open(overview, PHONE)
    order = shown.run("return [...document.querySelectorAll('a, [tabindex=\"0\"]')].length")
    seen_at: list[float] = []
    for place in range(order):
        shown.press("Tab")
        box = "const box = one.getBoundingClientRect();"
        outline, top, left, inside = shown.run(
            f"const one = document.activeElement; {box} const style = getComputedStyle(one);"
            "return [style.outlineStyle + ' ' + style.outlineWidth, box.top + scrollY, box.left,"
            "one.className]"
        )
        assert outline == "solid 3px", (place, inside)
        assert left >= 0
        seen_at.append(top)
        if place == 0:
            assert inside == "skip"
            assert top < 60
    assert seen_at[1:] == sorted(seen_at[1:])


def test_a_page_has_landmarks_and_its_tables_have_heads(shown: Window, overview: Path) -> None:
    """As a screen reader goes by them."""
    shown.open(overview, DESKTOP)
    count = "const n = (what) => document.querySelectorAll(what).length;"
    found = shown.run(
        f"{count} return [n('main'), n('header'), n('nav[aria-label]'), n('footer'), n('h1'),"
        "n('table') - n('table:has(thead th[scope=col])'), n('tbody tr') - n('tbody tr:has(th[scope=row])'),"
        "n('svg:not([role=img][aria-label])'), n('section') - n('section[aria-labelledby]')]"
    )
    assert found == [1, 1, 1, 1, 1, 0, 0, 0, 0]
    assert shown.run("return document.documentElement.lang") == "en"
    broken = "[...document.querySelectorAll('[aria-labelledby]')].filter(one => "
    broken += "!document.getElementById(one.getAttribute('aria-labelledby')))"
    assert shown.run(f"return {broken}.length") == 0


def pages(pdf: bytes) -> int:
    """How many a document has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_a_printed_report_has_the_collapsed_checks(shown: Window, report: Path, tmp_path: Path) -> None:
    """Hundreds of them; by one rule of the style, without which a browser leaves them out."""
    rule = "details::details-content { content-visibility: visible; block-size: auto; }"
    whole = report.read_text(encoding="utf-8")
    row = re.findall(r"<tr><td>.*?</tr>", whole[whole.index("<details>") :])[0]
    head, tail = whole.split("</details>", 1)
    many = f"{head}<table>{row * 400}</table></details>{tail}"
    assert rule in many
    counted = {}
    for name, text in (("with", many), ("without", many.replace(rule, ""))):
        path = tmp_path / f"{name}.html"
        path.write_text(text, encoding="utf-8")
        shown.open(path, DESKTOP)
        visible = "return document.querySelector('details table').checkVisibility()"
        assert shown.run(visible) is False
        counted[name] = pages(shown.printed())

    assert counted["with"] > counted["without"] + 5


def test_an_overview_is_printed_whole(shown: Window, overview: Path) -> None:
    """In light colours, without what only a window has use for."""
    shown.open(overview, DESKTOP, prefers_color_scheme="dark")
    assert pages(shown.printed()) >= 2
    shown.cdp("Emulation.setEmulatedMedia", media="print")
    kept, gone = (
        f"return [...document.querySelectorAll('{what}')].map(one => one.checkVisibility())"
        for what in ("h2, table, svg:not(.narrow svg)", "nav, .skip")
    )
    assert set(shown.run(kept)) == {True}
    assert set(shown.run(gone)) == {False}
    shown.cdp("Emulation.setEmulatedMedia", media="")
