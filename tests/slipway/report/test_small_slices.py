"""The report shows what nothing is known of."""

from slipway.evaluation.gate import decide
from slipway.records.evidence import SmallSlice, SmallSlices
from slipway.report.page import render
from slipway.report.summary import ten_lines
from tests.slipway.report import sample
from tests.slipway.report.reading import Reading

TV = SmallSlice(column="device", value="tv", rows=412, units=150, outcomes=12, critical=True, suffice=375_000)
FRIDGE = SmallSlice(column="device", value="fridge", rows=3, units=1, outcomes=0, suffice=None)
SMALL = SmallSlices(least_rows=500, slices=[TV, FRIDGE], more=3_412)


def shown() -> tuple[str, dict[str, str]]:
    """The page of a promotion, and its ten lines."""
    found = sample.evidence().model_copy(update={"small_slices": SMALL})
    card = sample.card()
    checks = decide(found, card.task, card.gate, card.problem.p99_latency_ms).checks
    record = sample.record(evaluation=found, checks=checks)
    return render(record, card, None), dict(ten_lines(record))


def test_slices_that_are_too_small_are_on_the_page() -> None:
    """In both figures, and in a table with what would suffice."""
    page, _ = shown()
    text = Reading(page[page.index('<section id="slices"') : page.index('<section id="latency"')]).text

    assert page.count("critical: device = tv") == 2
    assert page.count("not shown: 412 rows") == 2
    assert "Too few of 500 rows, 30 users or 30 rows with the rarer label for an interval" in text
    assert "about 375,000" in text
    assert "not known" in text
    assert "And 3,412 smaller slices, of which nothing is shown either." in text


def test_checks_that_refuse_nothing_are_told_apart() -> None:
    """A promotion with three checks that were not passed would look like a mistake."""
    page, lines = shown()

    assert "not shown: small_slice.device.tv, small_slice.device.fridge" in lines["Checks"]
    assert lines["Checks"].endswith("(3 refuse nothing)")
    assert "3 of these refuse nothing" in Reading(page).text


def test_a_column_in_another_script_is_told_by_its_own_name_too() -> None:
    """Below the figure, which has no room for it, and in the table."""
    card, found = sample.card(), sample.evidence().model_copy(update={"small_slices": SMALL})
    columns = card.data.columns
    named = {"device": columns["device"].model_copy(update={"source": "设备"})}
    data = card.data.model_copy(update={"columns": columns | named})
    page = render(sample.record(evaluation=found), card.model_copy(update={"data": data}), None)

    assert '<p class="caption">device (设备)</p>' in page
    assert "device (设备) = tv" in page
