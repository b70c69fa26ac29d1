from kfp import dsl

from components import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def fetch(run: dict, data: dsl.Output[dsl.Dataset]) -> None:
    """Fetch the split that DVC versions, and refuse another one than the run names."""
    from pathlib import Path

    from slipway.stages.fetch import fetch as stage
    from slipway.stages.run import RunRef

    stage(RunRef(**run), Path(data.path))
