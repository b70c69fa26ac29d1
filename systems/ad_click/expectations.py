"""What sound impressions satisfy beyond what the design card says of each column."""

from typing import Any

from slipway.system import Card


def expectations(card: Card) -> list[Any]:
    """Great Expectations expectations; those of columns that the card does not have are left out."""
    from great_expectations import expectations as gxe

    found: list[Any] = [
        gxe.ExpectColumnMeanToBeBetween(
            column=card.data.required("label"), min_value=0.0005, max_value=0.5, severity="warning"
        ),
        gxe.ExpectColumnUniqueValueCountToBeBetween(
            column=card.data.required("unit"), min_value=100, severity="warning"
        ),
    ]
    if {"ad_views", "ad_clicks"} <= set(card.data.columns):
        found.append(
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="ad_views", column_B="ad_clicks", or_equal=True
            )
        )
    if (request := card.data.column("request")) and {"propensity", "chosen"} <= set(card.data.columns):
        found.append(_one_choice(request))
    return found


def _one_choice(request: str) -> Any:
    """What was chosen among the options of a request, and with which chances; the newest may be cut."""
    from great_expectations.expectations import UnexpectedRowsExpectation

    return UnexpectedRowsExpectation(
        unexpected_rows_query=f'SELECT "{request}" FROM {{batch}} GROUP BY "{request}" '  # noqa: S608 - the card's name
        "HAVING sum(propensity) > 1.000001 OR sum(chosen) > 1",
        description="propensity must sum to 1 in a request, of which one option is chosen",
        meta={"columns": ["propensity", "chosen", request]},
    )
