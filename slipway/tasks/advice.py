"""What a bound lets happen to users, and what usually helps where it is not kept.

`{bound}` stands for the bound, `{low}` and `{high}` for its ends where it has two.
"""

NEWER = (
    "recalibration on newer rows (models.recalibrate, and a larger validation part), training that starts "
    "later (data.source.rows takes the newest rows), and fewer inputs that name what does not come back, "
    "such as old users or items"
)
"""Of a model that the time has overtaken."""
RATIO = (
    "what is predicted may be {low:g} to {high:g} times what comes: whatever weighs it against money or a "
    "threshold is off by as much, while an order of answers stays what it is"
)
CONSTANT = (
    "the loss may be up to {bound:g} times that of the best constant for these very rows, which nobody knew "
    "before: from 1 on, users may be told less than a constant tells them"
)
PAIRS = (
    "of two rows that differ in the label, the right one may come first in as few as {bound:.0%} of the cases"
)
RIGHT = "as few as {bound:.0%} of the answers may name the right class"
OFF = (
    "answers may be off by {low:g} to {high:g} mean deviations of the label on average: sums over many of "
    "them are off by as much, while their order stays what it is"
)
