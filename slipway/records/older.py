"""Documents of earlier versions in the shape of today: fields that were called after one task's metrics."""

from typing import Any

Content = dict[str, Any]
MEASURED = ("log_loss", "auc", "normalised_entropy", "calibration")
TASK, PRIMARY = "click", "log_loss"
"""The only task and metric that there were in version 1."""


def evidence(content: Content) -> Content:
    """Evidence of version 1."""
    holdout = _renamed(labels(content["holdout"]), "best_log_loss", "best")
    return content | {
        "schema_version": 2,
        "task": TASK,
        "primary": PRIMARY,
        "holdout": holdout,
        "comparisons": [_comparison(one) for one in content["comparisons"]],
        "validation": [_renamed(one, "log_loss", "score") for one in content["validation"]],
        **{role: _model(content[role]) for role in ("baseline", "candidate", "champion")},
    }


def canary(content: Content) -> Content:
    """Evidence of a canary of version 1."""
    return content | {"schema_version": 2, "task": TASK}


def labels(content: Content) -> Content:
    """A part of a split of version 1."""
    found = dict(content)
    return found | {"labels": {"base_rate": found.pop("base_rate")}}


def trained_on(content: Content) -> Content:
    """What a version's manifest of version 1 said of its data."""
    return labels(_renamed(content, "train_base_rate", "base_rate"))


def _model(content: Content | None) -> Content | None:
    if content is None:
        return None
    found = _measured(_renamed(content, "calibration_curve", "curve"))
    return found | {"slices": [_measured(one) for one in content["slices"]]}


def _measured(content: Content) -> Content:
    """The metrics are taken together; one that was undefined is left out."""
    metrics = {name: content[name] for name in MEASURED if content.get(name) is not None}
    return {key: value for key, value in content.items() if key not in MEASURED} | {"metrics": metrics}


def _comparison(content: Content) -> Content:
    slices = [_renamed(one, "log_loss", "difference") for one in content["slices"]]
    return _renamed(content, "log_loss", "difference") | {"slices": slices}


def _renamed(content: Content, old: str, new: str) -> Content:
    return {new if key == old else key: value for key, value in content.items()}
