"""From a registered version to production, if its traffic says so."""

from kfp import dsl

from components.abort import abort
from components.canary import canary
from components.fetch import fetch
from components.first import first
from components.package import package
from components.promote import promote
from components.shadow import shadow
from components.smoke import smoke
from components.verdict import verdict


@dsl.pipeline(name="rollout")
def rollout(run: dict, version: int, stable: int) -> None:
    """Roll out one version.

    1. Fetch the data whose replay part is the traffic. 2. Package the version as a Bento. 3. Smoke-test it.
    4. Where nothing is live, deploy it first; else shadow the stable version, and canary it against that one.
    5. Read the verdict. 6. Promote, or abort.

    Args:
        run: a `RunRef`: id, system, size, revision, fingerprint.
        version: number of the version to roll out, resolved once.
        stable: number of the version in production, resolved once; 0 if there is none.
    """
    fetched = fetch(run=run).set_display_name("Fetch")
    # What acts outside of the run is never cached: a promotion that is skipped would be none.
    packaged = package(run=run, version=version).set_display_name("Package").set_caching_options(False)
    smoked = smoke(run=run, version=version, bento=packaged.output).set_display_name("Smoke")
    smoked.set_caching_options(False)
    known = {
        "run": run,
        "version": version,
        "data": fetched.outputs["data"],
        "smoked": smoked.outputs["checks"],
    }
    decided = known | {"bento": packaged.output}
    with dsl.If(stable == 0, name="nothing-live"):
        first(**decided).set_display_name("First").set_caching_options(False)
    with dsl.Else(name="live"):
        shadowed = shadow(stable=stable, **known).set_display_name("Shadow").set_caching_options(False)
        tried = canary(
            run=run,
            version=version,
            stable=stable,
            data=fetched.outputs["data"],
            shadow=shadowed.outputs["evidence"],
        )
        tried.set_display_name("Canary").set_caching_options(False)
        decided |= {"stable": stable, "evidence": tried.outputs["evidence"]}
        told = verdict(run=run, evidence=tried.outputs["evidence"]).set_display_name("Verdict")
        with dsl.If(told.output == "promote", name="earned"):
            promote(**decided).set_display_name("Promote").set_caching_options(False)
        with dsl.Else(name="not-earned"):
            abort(**decided).set_display_name("Abort").set_caching_options(False)
