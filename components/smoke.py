from kfp import dsl

from components import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def smoke(run: dict, version: int, bento: str, checks: dsl.Output[dsl.Artifact]) -> None:
    """Serve it away from traffic: contract, parity with training, latency; a failed check ends the run."""
    from pathlib import Path

    from slipway.stages.run import RunRef
    from slipway.stages.smoke import smoke as stage

    stage(RunRef(**run), version=version, bento=bento, checks=Path(checks.path))
