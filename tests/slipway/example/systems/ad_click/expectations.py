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
    return found
