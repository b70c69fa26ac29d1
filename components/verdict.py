from kfp import dsl

from components import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def verdict(run: dict, evidence: dsl.Input[dsl.Artifact]) -> str:
    """Say what the canary's end was: `promote`, `abort` or `inconclusive`; the only output, as in `gate`."""
    from pathlib import Path

    from slipway.stages.run import RunRef
    from slipway.stages.verdict import verdict as stage

    return stage(RunRef(**run), Path(evidence.path))
