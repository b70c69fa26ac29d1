"""What Kubernetes' strictest standard says against a Pod, for where no admission enforces it.

The rules are those of https://kubernetes.io/docs/concepts/security/pod-security-standards, Restricted with
the Baseline in it, at version 1.34; three more are the project's own.
"""

from collections.abc import Iterator
from typing import Any

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}
SELINUX = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
PROFILES = {"RuntimeDefault", "Localhost"}
Spec = dict[str, Any]


def faults(pod: Spec) -> list[str]:
    """Each rule that a Pod's spec breaks, with the field and what it says; none for one that keeps to it."""
    own = pod.get("securityContext") or {}
    found = [f"{name}: true" for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name)]
    for volume in pod.get("volumes", ()):
        found += [f"volumes: {kind}" for kind in sorted({*volume} - {"name"} - VOLUMES)]
    found += [f"sysctls: {one['name']}" for one in own.get("sysctls", ()) if one["name"] not in SYSCTLS]
    found += [f"securityContext: {one}" for one in _either(own)]
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in pod.get(kind, ()):
            found += [f"{container['name']}: {one}" for one in _container(container, own)]
    return found


def _either(context: Spec) -> Iterator[str]:
    """What may be said of the Pod or of a container, and of neither as this."""
    if context.get("runAsUser") == 0:
        yield "runAsUser: 0"
    if context.get("runAsNonRoot") is False:
        yield "runAsNonRoot: false"
    for name in ("seccompProfile", "appArmorProfile"):
        if name in context and context[name].get("type") not in PROFILES:
            yield f"{name}: {context[name].get('type')}"
    linux = context.get("seLinuxOptions") or {}
    if linux.get("type") not in SELINUX or linux.get("user") or linux.get("role"):
        yield f"seLinuxOptions: {linux}"
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield "windowsOptions.hostProcess: true"


def _container(container: Spec, of_pod: Spec) -> Iterator[str]:
    own = container.get("securityContext") or {}
    yield from _either(own)
    if own.get("privileged"):
        yield "privileged: true"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation: not false"
    if own.get("procMount") not in (None, "Default"):
        yield f"procMount: {own['procMount']}"
    capabilities = own.get("capabilities") or {}
    if "ALL" not in capabilities.get("drop", ()):
        yield "capabilities.drop: without ALL"
    if added := sorted({*capabilities.get("add", ())} - {"NET_BIND_SERVICE"}):
        yield f"capabilities.add: {added}"
    yield from (f"hostPort: {one['hostPort']}" for one in container.get("ports", ()) if one.get("hostPort"))
    yield from _probes(container)
    both = of_pod | own
    if both.get("runAsNonRoot") is not True:
        yield "runAsNonRoot: not true"
    if "seccompProfile" not in both:
        yield "seccompProfile: none"
    # Ours: a name of a user cannot be held against root, and what is not written is not spoilt.
    if not isinstance(both.get("runAsUser"), int):
        yield "runAsUser: no number"
    if own.get("readOnlyRootFilesystem") is not True:
        yield "readOnlyRootFilesystem: not true"
    if "memory" not in ((container.get("resources") or {}).get("limits") or {}):
        yield "resources.limits.memory: none"


def _probes(container: Spec) -> Iterator[str]:
    """No probe and no hook may be sent elsewhere."""
    asked = {name: container.get(name) or {} for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    asked |= (container.get("lifecycle") or {}).items()
    for name, one in asked.items():
        yield from (f"{name}: host" for way in ("httpGet", "tcpSocket") if (one.get(way) or {}).get("host"))
