"""What "is serving" means: pure rules over what the API server says of a Deployment and its Pods."""

from collections.abc import Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]

HOPELESS = {
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "CrashLoopBackOff",
    "RunContainerError",
}
"""Reasons of a container that waits and will not start by waiting."""
RESTARTS = 2
"""Restarts after which a server that never got ready counts as one that does not start."""


def waits_for(deployment: Object, pods: Sequence[Object], image: str) -> str | None:
    """Why a Deployment does not serve its image yet, None once it does, and nothing else of it does.

    Its own status may be of an earlier generation, and available Pods may be of an earlier image.
    """
    spec, status = deployment["spec"], deployment.get("status") or {}
    wanted, generation = spec["replicas"], deployment["metadata"]["generation"]
    if status.get("observedGeneration", 0) < generation:
        return f"its controller has seen generation {status.get('observedGeneration', 0)} of {generation}"
    for count in ("updatedReplicas", "replicas", "availableReplicas"):
        if status.get(count, 0) != wanted:
            return f"{count} is {status.get(count, 0)}, expected {wanted}"
    running = [pod for pod in pods if pod["metadata"].get("deletionTimestamp") is None and not _failed(pod)]
    digest = image.partition("@")[2]
    found = {_image(pod) for pod in running}
    # The runtime names the image by its digest in the repository, or where it has none, by its configuration.
    if not running or any(not one.endswith(digest) for one in found):
        return f"Pods run {sorted(found)}, expected {image}"
    return None


def hopeless(pods: Sequence[Object], digest: str) -> str | None:
    """Why Pods of a version will not get ready, None where they may.

    Args:
        digest: of the version, by the annotation of the Pods.
    """
    for pod in pods:
        said = pod["metadata"].get("annotations") or {}
        if said.get("slipway/digest") != digest or _failed(pod):
            continue
        status = pod.get("status") or {}
        for one in status.get("containerStatuses") or []:
            waiting = (one.get("state") or {}).get("waiting") or {}
            if waiting.get("reason") in HOPELESS:
                return f"{waiting['reason']}: {_last(one) or waiting.get('message') or 'no message'}"
            if not one.get("ready") and one.get("restartCount", 0) >= RESTARTS:
                return f"it ended {one['restartCount']} times: {_last(one) or 'no message'}"
    return None


def stuck(pods: Sequence[Object]) -> str | None:
    """Why Pods are not scheduled or were evicted, None where neither is so."""
    for pod in filter(_failed, pods):
        status = pod["status"]
        return f"{status.get('reason') or 'Failed'}: {status.get('message') or 'its Pod failed'}"
    for pod in pods:
        for one in (pod.get("status") or {}).get("conditions") or []:
            if (one["type"], one["status"]) == ("PodScheduled", "False"):
                return f"{one.get('reason')}: {one.get('message')}"
    return None


def _failed(pod: Object) -> bool:
    """Whether it was evicted, or its node ended: another one is started, and this one is left as a note."""
    return (pod.get("status") or {}).get("phase") == "Failed"


def _image(pod: Object) -> str:
    states = (pod.get("status") or {}).get("containerStatuses") or [{}]
    return str(states[0].get("imageID", ""))


def _last(container: Object) -> str | None:
    ended = (container.get("lastState") or {}).get("terminated") or {}
    if not ended:
        return None
    said = (ended.get("message") or "").strip().splitlines()[-1:]
    return f"exit code {ended.get('exitCode')}{': ' + said[0] if said else ''}"
