from kfp import dsl

from components import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def canary(
    run: dict,
    version: int,
    stable: int,
    data: dsl.Input[dsl.Dataset],
    shadow: dsl.Input[dsl.Artifact],
    evidence: dsl.Output[dsl.Artifact],
) -> None:
    """Send a share of the traffic to the version, step by step, and judge it after every batch."""
    from pathlib import Path

    from slipway.stages.canary import canary as stage
    from slipway.stages.run import RunRef

    stage(
        RunRef(**run),
        version=version,
        stable=stable,
        data=Path(data.path),
        evidence=Path(evidence.path),
        shadow=Path(shadow.path),
    )
