from kfp import dsl

from components import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def package(run: dict, version: int) -> str:
    """Build the Bento of one registered version; gives its tag."""
    from slipway.stages.package import package as stage
    from slipway.stages.run import RunRef

    return stage(RunRef(**run), version)
