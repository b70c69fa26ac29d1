from kfp import dsl

from components import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def promote(
    run: dict,
    version: int,
    stable: int,
    bento: str,
    data: dsl.Input[dsl.Dataset],
    smoked: dsl.Input[dsl.Artifact],
    evidence: dsl.Input[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
) -> None:
    """Move production to the version that earned it."""
    from pathlib import Path

    from slipway.stages.promote import promote as stage
    from slipway.stages.run import RunRef

    stage(
        RunRef(**run),
        version=version,
        stable=stable,
        bento=bento,
        data=Path(data.path),
        smoked=Path(smoked.path),
        evidence=Path(evidence.path),
        report=Path(report.path),
    )
