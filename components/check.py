from kfp import dsl

from components import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def check(
    run: dict, data: dsl.Input[dsl.Dataset], summary: dsl.Output[dsl.Artifact], docs: dsl.Output[dsl.HTML]
) -> None:
    """Hold what was really fetched against the Great Expectations suite; a critical failure ends the run."""
    from pathlib import Path

    from slipway.stages.check import check as stage
    from slipway.stages.run import RunRef

    stage(RunRef(**run), data=Path(data.path), summary=Path(summary.path), docs=Path(docs.path))
