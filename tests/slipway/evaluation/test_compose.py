"""From scores to evidence: what the rows say beside their labels."""

import numpy as np
import pyarrow as pa

from slipway.evaluation.compose import HoldoutRows
from slipway.settings.root import Project
from slipway.system import read_examples
from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions


def test_rows_without_a_unit_are_one_unit() -> None:
    """A table of somebody's own may lack it here and there, in text as in numbers."""
    table, columns = impressions(40, seed=1), Project(ROOT).card("ad_click").data
    for names in (["a", None, "b", None], [7, None, 3, None]):
        column = pa.array(names * 10)
        rows = table.set_column(table.schema.get_field_index("user_id"), "user_id", column)
        found = HoldoutRows.of(Project(ROOT).card("ad_click").task, read_examples(columns, rows), None)

        assert found.units.tolist() == [0, 1, 2, 1] * 10


def test_a_request_earns_what_its_best_option_does() -> None:
    """The true probability where the score is best; of equal scores the first is shown."""
    truth = np.array([0.1, 0.5, 0.2, 0.3, 0.7])

    scores, starts = np.array([1.0, 0.2, 0.9, 0.4, 0.4]), np.array([0, 2, 3])

    assert Project(ROOT).card("ad_click").task.earned(scores, truth, starts) == np.mean([0.1, 0.2, 0.3])
