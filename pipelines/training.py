"""From versioned data to a staged version."""

from kfp import dsl

from components.check import check
from components.evaluate import evaluate
from components.fetch import fetch
from components.gate import gate
from components.refuse import refuse
from components.register import register
from components.train import train


@dsl.pipeline(name="training")
def training(run: dict, champion: int, scope: str = "all") -> None:
    """Train and judge a candidate.

    1. Fetch the data at its fingerprint. 2. Check it. 3. Train the baseline and the candidates.
    4. Evaluate on the frozen holdout, beside the champion. 5. Gate. 6. Register as staging, or refuse.

    Args:
        run: a `RunRef`: id, system, size, revision, fingerprint.
        champion: number of the version in production, resolved once; 0 if there is none.
        scope: `all`, or `baseline` for the baseline alone.
    """
    fetched = fetch(run=run).set_display_name("Fetch")
    data = fetched.outputs["data"]
    checked = check(run=run, data=data).set_display_name("Check")
    trained = train(run=run, scope=scope, data=data, summary=checked.outputs["summary"]).set_display_name(
        "Train"
    )
    evaluated = evaluate(
        run=run, champion=champion, data=data, models=trained.outputs["models"]
    ).set_display_name("Evaluate")
    judged = gate(run=run, evidence=evaluated.outputs["evidence"]).set_display_name("Gate")
    results = {
        "run": run,
        "data": data,
        "models": trained.outputs["models"],
        "evidence": evaluated.outputs["evidence"],
        "summary": checked.outputs["summary"],
        "docs": checked.outputs["docs"],
    }
    # What acts outside of the run is never cached: a registration that is skipped would be none.
    with dsl.If(judged.output == "pass", name="pass"):
        register(**results).set_display_name("Register").set_caching_options(False)
    with dsl.Else(name="refuse"):
        refuse(**results).set_display_name("Refuse").set_caching_options(False)
