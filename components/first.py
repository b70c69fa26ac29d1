from kfp import dsl

from components import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def first(
    run: dict,
    version: int,
    bento: str,
    data: dsl.Input[dsl.Dataset],
    smoked: dsl.Input[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
) -> None:
    """Put the first version into production; refused where one is live."""
    from pathlib import Path

    from slipway.stages.first import first as stage
    from slipway.stages.run import RunRef

    stage(
        RunRef(**run),
        version=version,
        bento=bento,
        data=Path(data.path),
        smoked=Path(smoked.path),
        report=Path(report.path),
    )
