"""Columns that tell the label: copies of it, and what is known only once it has come.

A column alone is a model. Where labels are 0 and 1, its quality is the area under the ROC curve (AUC), which
for scores s and labels y is the Mann-Whitney statistic P(s1 > s0) + P(s1 = s0) / 2 over pairs of a row with
y = 1 and one with y = 0 (Hanley and McNeil, Radiology 143, 1982). Two scores of a column are tried:

- its values in their order, missing ones lowest, in either direction: numbers, times, and what is missing
  unless the outcome came;
- for the newer half of the rows, the mean label that the value had in the older half, and the overall mean
  where it did not occur: categories. Ids that occur once tell nothing so, as it should be.

Where labels are numbers, the quality of the same two is the squared correlation with the label, of its rank
for the first; where they are classes, the accuracy of the class that the value had most often.

What this cannot see: two columns that tell the label together, one that tells it for some rows only, and
features made from the future. A bound below 1 leaves room for a few wrong labels.
"""

BOUND = 0.999
"""No honest column of a problem worth a model tells the label so well."""
FEWEST = 20
"""Rows of each class; with so many an AUC above the bound by chance is rarer than 1e-9."""


def of_two_classes(column: str, label: str, time: str) -> str:
    """SQL with `{batch}` for the rows: a row where the column tells a label of 0 and 1, none where not.

    The three columns are first copied under other names: DuckDB would take a column of the table for an alias
    of the query that has the same name.
    """
    # Means of labels rise with the label by their making; only an order can tell it upside down.
    return f"""
        WITH named AS (
            SELECT "{column}" AS v, TRY_CAST("{label}" AS INTEGER) AS y, "{time}" AS t FROM {{batch}}
        ), known AS (
            SELECT v, y, t > (SELECT quantile_disc(t, 0.5) FROM named) AS newer FROM named WHERE y IN (0, 1)
        ), older AS (
            SELECT v, avg(y) AS share FROM known WHERE NOT newer GROUP BY v
        ), by_value AS (
            SELECT v, sum(y) AS ones, count(*) - sum(y) AS zeros FROM known GROUP BY v
        ), by_share AS (
            SELECT coalesce(share, (SELECT avg(y) FROM known WHERE NOT newer)) AS s,
                sum(y) AS ones, count(*) - sum(y) AS zeros
            FROM known LEFT JOIN older ON known.v IS NOT DISTINCT FROM older.v WHERE newer GROUP BY s
        ), running AS (
            SELECT 'order' AS score, ones, zeros, sum(zeros) OVER (ORDER BY v NULLS FIRST) AS so_far
            FROM by_value
            UNION ALL
            SELECT 'share', ones, zeros, sum(zeros) OVER (ORDER BY s) FROM by_share
        ), areas AS (
            SELECT score, sum(ones * (so_far - zeros / 2)) / (sum(ones) * sum(zeros)) AS area
            FROM running GROUP BY score HAVING sum(ones) >= {FEWEST} AND sum(zeros) >= {FEWEST}
        )
        SELECT * FROM areas WHERE area > {BOUND} OR (score = 'order' AND area < 1 - {BOUND})
    """  # noqa: S608 - the card's names


def of_a_number(column: str, label: str, time: str) -> str:
    """The same for a label that is a number, by the squared correlation."""
    return f"""
        WITH named AS (
            SELECT "{column}" AS v, TRY_CAST("{label}" AS DOUBLE) AS y, "{time}" AS t FROM {{batch}}
        ), known AS (
            SELECT v, y, t > (SELECT quantile_disc(t, 0.5) FROM named) AS newer FROM named WHERE isfinite(y)
        ), older AS (
            SELECT v, avg(y) AS mean FROM known WHERE NOT newer GROUP BY v
        ), by_rank AS (
            SELECT rank() OVER (ORDER BY v NULLS FIRST) + (count(*) OVER (PARTITION BY v) - 1) / 2 AS s,
                rank() OVER (ORDER BY y) + (count(*) OVER (PARTITION BY y) - 1) / 2 AS r
            FROM known
        ), fits AS (
            SELECT 'order' AS score, corr(s, r) AS fit, count(*) AS held FROM by_rank
            UNION ALL
            SELECT 'mean', corr(coalesce(mean, (SELECT avg(y) FROM known WHERE NOT newer)), y), count(*)
            FROM known LEFT JOIN older ON known.v IS NOT DISTINCT FROM older.v WHERE newer
        )
        SELECT * FROM fits WHERE held >= {FEWEST} AND isfinite(fit) AND fit * fit > {BOUND}
    """  # noqa: S608 - the card's names


def of_classes(column: str, label: str, time: str) -> str:
    """The same for a label of several classes, by the accuracy of the guess.

    Where nearly all rows are of one class, guessing it is right without any column: at least `FEWEST` rows
    must be of the others.
    """
    return f"""
        WITH named AS (
            SELECT "{column}" AS v, CAST("{label}" AS VARCHAR) AS y, "{time}" AS t FROM {{batch}}
        ), known AS (
            SELECT v, y, t > (SELECT quantile_disc(t, 0.5) FROM named) AS newer FROM named WHERE y IS NOT NULL
        ), older AS (
            SELECT v, mode(y) AS guess FROM known WHERE NOT newer GROUP BY v
        ), judged AS (
            SELECT y, coalesce(guess, (SELECT mode(y) FROM known WHERE NOT newer)) AS guess
            FROM known LEFT JOIN older ON known.v IS NOT DISTINCT FROM older.v WHERE newer
        ), fit AS (
            SELECT avg((guess = y)::INTEGER) AS right_share, count(*) AS held,
                count(*) - max(most) AS others
            FROM judged, (SELECT max(n) AS most FROM (SELECT count(*) AS n FROM judged GROUP BY y))
        )
        SELECT * FROM fit WHERE others >= {FEWEST} AND right_share > {BOUND}
    """  # noqa: S608 - the card's names
