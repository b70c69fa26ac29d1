"""The section `cluster` of `project.yaml`: where Pods serve, and the gateway in front of them."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from slipway.base.addresses import masked, tells_secret
from slipway.base.strict import LiveName, Strict

Quantity = Annotated[str, Field(pattern=r"^[1-9][0-9]*(m|Ki|Mi|Gi)?$")]
"""As Kubernetes writes an amount: 500m of a processor, 512Mi of memory."""
LONGEST_HOST = 189
"""Characters of the domain: with a label of 63 before it, a host name has 253 at most."""


class Gateway(Strict):
    """A Gateway of the Gateway API, to which the routes of the lines are added."""

    name: LiveName
    namespace: LiveName
    url: Annotated[
        str,
        Field(
            pattern=r"^https?://[^/\s?#]+$",
            description="where it answers whoever runs `slipway rollout`: http://GATEWAY.NAMESPACE:80",
        ),
    ]

    @field_validator("url")
    @classmethod
    def _tells_no_secret(cls, url: str) -> str:
        if tells_secret(url):
            # guard settings.gateway_secret
            raise ValueError(f"found {masked(url)!r} with a user or a password; take it out")
        return url


class Resources(Strict):
    """What one Pod that serves a version gets."""

    cpu: Annotated[Quantity, Field(description="processor time that is set aside; more may be used")] = "500m"
    memory: Annotated[Quantity, Field(description="set aside, and the limit")] = "1Gi"


class ClusterSettings(Strict):
    """Where the target `cluster` serves. KUBECONFIG says which cluster, or inside of one its Pod."""

    namespace: Annotated[LiveName, Field(description="holds all that slipway makes; it has to exist")]
    host: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
            max_length=LONGEST_HOST,
            description="the domain below which each line answers, at LINE.HOST; of no other project",
        ),
    ]
    gateway: Gateway
    placement: Annotated[
        Literal["plain"], Field(description="plain: a Deployment and a Service for each arm, no KServe")
    ] = "plain"
    context: Annotated[
        str | None, Field(description="of the kubeconfig; null is its current one, or the Pod's own account")
    ] = None
    service_account: Annotated[LiveName, Field(description="of the Pods; no token is mounted")] = "default"
    image_pull_secrets: Annotated[
        list[LiveName], Field(description="names of Secrets of the namespace; no secret stands here")
    ] = []
    replicas: Annotated[int, Field(ge=1, le=100, description="Pods of the version in production")] = 1
    start_seconds: Annotated[
        int,
        Field(
            ge=10,
            le=3600,
            description="that a server has to get ready; an image that is pulled and a version that is large "
            "take longer",
        ),
    ] = 120
    resources: Resources = Resources()
