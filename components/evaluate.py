from kfp import dsl

from components import IMAGE


# `champion` is 0 where nothing is in production.
@dsl.component(base_image=IMAGE, install_kfp_package=False)
def evaluate(
    run: dict,
    champion: int,
    data: dsl.Input[dsl.Dataset],
    models: dsl.Input[dsl.Model],
    evidence: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
) -> None:
    """Measure baseline, candidate and champion on the frozen holdout."""
    from pathlib import Path

    from slipway.stages.evaluate import evaluate as stage
    from slipway.stages.run import RunRef

    found = stage(
        RunRef(**run),
        champion=champion,
        data=Path(data.path),
        models=Path(models.path),
        evidence=Path(evidence.path),
    )
    for name, value in found.items():
        metrics.log_metric(name, value)
