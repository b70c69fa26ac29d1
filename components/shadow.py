from kfp import dsl

from components import IMAGE


# `smoked` is not read: it lets the shadow wait for the smoke test.
@dsl.component(base_image=IMAGE, install_kfp_package=False)
def shadow(
    run: dict,
    version: int,
    stable: int,
    data: dsl.Input[dsl.Dataset],
    smoked: dsl.Input[dsl.Artifact],
    evidence: dsl.Output[dsl.Artifact],
) -> None:
    """Let the version score copies of requests; where outcomes do not depend on answers, judge it by them."""
    from pathlib import Path

    from slipway.stages.run import RunRef
    from slipway.stages.shadow import shadow as stage

    stage(
        RunRef(**run),
        version=version,
        stable=stable,
        data=Path(data.path),
        evidence=Path(evidence.path),
    )
