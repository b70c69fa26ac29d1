"""Only a task knows what a label is: nothing else in slipway names one metric or one problem."""

import re

from tests.repo.root import files, text

WORDS = re.compile(
    r"log.?loss|clicked|click.?rate|\bprobabilit|\bauc\b|entropy|base.?rate|\bcalibration", re.I
)
ALLOWED = {
    "slipway/records/older.py": "reads documents from before tasks, whose fields had these names",
    "slipway/models/": "a model learns what a task calls its objective, and says what its numbers are",
    "slipway/settings/models": "the same",
    "slipway/starter/": "writes the card of a task, whose settings are values that the task checks",
    "slipway/settings/card.py": "says which tasks there are",
}


def test_outside_of_tasks_nothing_is_named_after_one_metric() -> None:
    """No field, no check, no sentence."""
    read = [name for name in files() if name.startswith("slipway/") and not name.startswith("slipway/tasks/")]
    found = [
        f"{name}:{number}: {line.strip()}"
        for name in read
        if not any(name.startswith(allowed) for allowed in ALLOWED)
        for number, line in enumerate(text(name).splitlines(), start=1)
        if WORDS.search(line)
    ]

    assert found == []
