from kfp import dsl

from components import IMAGE


# `summary` is not read: it lets training wait for the check.
@dsl.component(base_image=IMAGE, install_kfp_package=False)
def train(
    run: dict,
    scope: str,
    data: dsl.Input[dsl.Dataset],
    summary: dsl.Input[dsl.Artifact],
    models: dsl.Output[dsl.Model],
) -> None:
    """Train the baseline and every candidate; the best on validation goes on."""
    from pathlib import Path

    from slipway.stages.run import RunRef
    from slipway.stages.train import train as stage

    stage(RunRef(**run), scope, data=Path(data.path), models=Path(models.path))
