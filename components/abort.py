from kfp import dsl

from components import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def abort(
    run: dict,
    version: int,
    stable: int,
    bento: str,
    data: dsl.Input[dsl.Dataset],
    smoked: dsl.Input[dsl.Artifact],
    evidence: dsl.Input[dsl.Artifact],
    report: dsl.Output[dsl.HTML],
) -> None:
    """Withdraw the canary and keep the record; production does not move."""
    from pathlib import Path

    from slipway.stages.abort import abort as stage
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
