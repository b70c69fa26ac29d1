"""When a version serves: what the API server may say that looks like it and is not."""

from copy import deepcopy
from typing import Any

import pytest

from slipway.rollout.targets.cluster.serving import hopeless, stuck, waits_for

DIGEST = f"sha256:{'1' * 64}"
IMAGE = f"registry.example.com/demo@{DIGEST}"
GOOD: dict[str, Any] = {
    "metadata": {"generation": 4},
    "spec": {"replicas": 2},
    "status": {"observedGeneration": 4, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
}


def pod(image: str = IMAGE, **more: Any) -> dict[str, Any]:
    """One that runs an image."""
    state = {"imageID": image, "ready": True, "restartCount": 0, "state": {"running": {}}}
    annotations = {"slipway/digest": "d"}
    return {
        "metadata": {"annotations": annotations} | more,
        "status": {"phase": "Running", "containerStatuses": [state]},
    }


def test_it_serves_when_all_say_so() -> None:
    """Pods on their way out do not count."""
    old = pod("elsewhere@sha256:2", deletionTimestamp="2026-01-01T00:00:00Z")
    assert waits_for(GOOD, [pod(), pod(), old], IMAGE) is None


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ({"observedGeneration": 3}, "its controller has seen generation 3 of 4"),
        ({"updatedReplicas": 1}, "updatedReplicas is 1, expected 2"),
        ({"replicas": 3}, "replicas is 3, expected 2"),
        ({"availableReplicas": 0}, "availableReplicas is 0, expected 2"),
    ],
)
def test_a_status_that_looks_like_it(status: dict[str, int], says: str) -> None:
    """Each in words."""
    found = deepcopy(GOOD)
    found["status"] |= status
    assert waits_for(found, [pod(), pod()], IMAGE) == says
    assert waits_for(GOOD | {"status": None}, [pod(), pod()], IMAGE) is not None


@pytest.mark.parametrize("pods", [[], [pod(), pod("registry.example.com/demo@sha256:2")], [pod("")]])
def test_the_image_is_asked_of_the_pods(pods: list[dict[str, Any]]) -> None:
    """A Deployment's spec says what should run."""
    assert f"expected {IMAGE}" in str(waits_for(GOOD, pods, IMAGE))


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (
            {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no host"}}},
            "ImagePullBackOff: no host",
        ),
        (
            {
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 1, "message": "a\nnot this version"}},
            },
            "CrashLoopBackOff: exit code 1: not this version",
        ),
        ({"ready": False, "restartCount": 3, "state": {"running": {}}}, "it ended 3 times: no message"),
        ({"ready": False, "restartCount": 1, "state": {"running": {}}}, None),
        ({"state": {"waiting": {"reason": "ContainerCreating"}}}, None),
    ],
)
def test_what_will_not_start_is_told_early(status: dict[str, Any], says: str | None) -> None:
    """And not only after the time that a server has; Pods of another version are not asked."""
    one = pod()
    one["status"]["containerStatuses"][0] |= status
    assert hopeless([one], "d") == says
    assert hopeless([one], "e") is None


def test_a_pod_without_a_node_says_why() -> None:
    """As the scheduler does."""
    one = pod()
    one["status"]["conditions"] = [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}
    ]
    assert (stuck([one]), stuck([pod()])) == ("Unschedulable: no room", None)


def test_an_evicted_pod_is_told() -> None:
    """It lies there after another one has taken its place, and is no fault of its version."""
    one = pod()
    one["status"] = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on memory."}
    assert hopeless([one], "d") is None
    assert stuck([one, pod()]) == "Evicted: The node was low on memory."
    assert waits_for(GOOD, [one, pod(), pod()], IMAGE) is None
    assert "expected" in str(waits_for(GOOD, [one], IMAGE))
