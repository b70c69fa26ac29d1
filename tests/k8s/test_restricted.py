"""The rules of Kubernetes' strictest standard, each with a Pod that breaks it."""

from typing import Any

import pytest
import yaml

from tests.k8s import restricted
from tests.repo.root import text


@pytest.fixture
def pod() -> dict[str, Any]:
    """The Pod of the base's InferenceService."""
    found: dict[str, Any] = yaml.safe_load(text("k8s/base/inferenceservice.yaml"))["spec"]["predictor"]
    return found


def test_the_base_keeps_to_it(pod: dict[str, Any]) -> None:
    """What is served, by everything that it says."""
    assert restricted.faults(pod) == []


OF_POD: list[tuple[dict[str, Any], str]] = [
    ({"hostNetwork": True}, "hostNetwork: true"),
    ({"hostPID": True}, "hostPID: true"),
    ({"hostIPC": True}, "hostIPC: true"),
    ({"volumes": [{"name": "x", "hostPath": {"path": "/"}}]}, "volumes: hostPath"),
    ({"volumes": [{"name": "x", "nfs": {}}]}, "volumes: nfs"),
]


@pytest.mark.parametrize(("said", "fault"), OF_POD)
def test_what_no_pod_may_say(pod: dict[str, Any], said: dict[str, Any], fault: str) -> None:
    """One fault, that names it."""
    assert restricted.faults(pod | said) == [fault]


OF_CONTEXT: list[tuple[dict[str, Any], str]] = [
    ({"runAsUser": 0}, "securityContext: runAsUser: 0"),
    ({"runAsUser": None}, "kserve-container: runAsUser: no number"),
    ({"runAsNonRoot": None}, "kserve-container: runAsNonRoot: not true"),
    ({"seccompProfile": {"type": "Unconfined"}}, "securityContext: seccompProfile: Unconfined"),
    ({"appArmorProfile": {"type": "Unconfined"}}, "securityContext: appArmorProfile: Unconfined"),
    ({"seLinuxOptions": {"type": "spc_t"}}, "securityContext: seLinuxOptions: {'type': 'spc_t'}"),
    ({"seLinuxOptions": {"role": "x"}}, "securityContext: seLinuxOptions: {'role': 'x'}"),
    ({"windowsOptions": {"hostProcess": True}}, "securityContext: windowsOptions.hostProcess: true"),
    ({"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}, "sysctls: kernel.msgmax"),
]


@pytest.mark.parametrize(("said", "fault"), OF_CONTEXT)
def test_what_no_context_may_say(pod: dict[str, Any], said: dict[str, Any], fault: str) -> None:
    """Of the Pod as a whole."""
    pod["securityContext"] |= said
    assert restricted.faults(pod) == [fault]


OF_CONTAINER: list[tuple[dict[str, Any], str]] = [
    ({"privileged": True}, "privileged: true"),
    ({"allowPrivilegeEscalation": None}, "allowPrivilegeEscalation: not false"),
    ({"procMount": "Unmasked"}, "procMount: Unmasked"),
    ({"capabilities": {"drop": ["KILL"]}}, "capabilities.drop: without ALL"),
    ({"capabilities": {"drop": ["ALL"], "add": ["SYS_PTRACE"]}}, "capabilities.add: ['SYS_PTRACE']"),
    ({"runAsUser": 0}, "runAsUser: 0"),
    ({"seccompProfile": {"type": "Unconfined"}}, "seccompProfile: Unconfined"),
    ({"readOnlyRootFilesystem": False}, "readOnlyRootFilesystem: not true"),
]


@pytest.mark.parametrize(("said", "fault"), OF_CONTAINER)
@pytest.mark.parametrize("kind", ["containers", "initContainers"])
def test_what_no_container_may_say(pod: dict[str, Any], kind: str, said: dict[str, Any], fault: str) -> None:
    """Whenever it runs."""
    container = pod.pop("containers")[0]
    container["securityContext"] |= said
    assert restricted.faults(pod | {kind: [container]}) == [f"kserve-container: {fault}"]


def test_a_port_a_probe_and_a_limit(pod: dict[str, Any]) -> None:
    """None is the machine's, none is sent elsewhere, and memory ends somewhere."""
    (container,) = pod["containers"]
    container["ports"][0]["hostPort"] = 80
    container["livenessProbe"]["httpGet"]["host"] = "169.254.169.254"
    container["lifecycle"]["postStart"] = {"tcpSocket": {"host": "x", "port": 1}}
    del container["resources"]["limits"]["memory"]
    assert restricted.faults(pod) == [
        "kserve-container: hostPort: 80",
        "kserve-container: livenessProbe: host",
        "kserve-container: postStart: host",
        "kserve-container: resources.limits.memory: none",
    ]


def test_nothing_said_is_not_safe() -> None:
    """Defaults are the unsafe ones."""
    assert len(restricted.faults({"containers": [{"name": "x"}]})) == 7
