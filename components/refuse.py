from kfp import dsl

from components import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def refuse(
    run: dict,
    data: dsl.Input[dsl.Dataset],
    models: dsl.Input[dsl.Model],
    evidence: dsl.Input[dsl.Artifact],
    summary: dsl.Input[dsl.Artifact],
    docs: dsl.Input[dsl.HTML],
    report: dsl.Output[dsl.HTML],
) -> None:
    """Keep the record of a refused candidate; nothing is registered."""
    from pathlib import Path

    from slipway.stages.refuse import refuse as stage
    from slipway.stages.run import RunRef

    stage(
        RunRef(**run),
        data=Path(data.path),
        models=Path(models.path),
        evidence=Path(evidence.path),
        summary=Path(summary.path),
        docs=Path(docs.path),
        report=Path(report.path),
    )
