from kfp import dsl

from components import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def judge(run: dict, evidence: dsl.Input[dsl.Artifact]) -> str:
    """Say `promote`, `abort` or `inconclusive`; the only output, as in `gate`."""
    from pathlib import Path

    from slipway.stages.judge import judge as stage
    from slipway.stages.run import RunRef

    return stage(RunRef(**run), Path(evidence.path))
