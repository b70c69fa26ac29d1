"""`project.yaml`: who we are and where things run."""

import re
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from slipway.base.addresses import masked, tells_secret, without_user
from slipway.base.strict import LiveName, Name, Strict
from slipway.settings.cluster import ClusterSettings
from slipway.settings.data import Size

PLACE = re.compile(
    r"(?!mlflow-artifacts:|runs:|models:)[a-z][a-z0-9+-]*://[^/\s?#]+(/[^\s?#]*)?$|/[^/\s]\S*$"
)
"""Of artifacts: a store with a host or a bucket, or a folder; not all of either."""
EMBEDDED = "embedded"
"""How `targets` names the registry in the state folder."""
LONGEST_TAG = 63
"""Characters in the name of a Bento; BentoML takes no more."""


def _of_a_server(url: str) -> bool:
    """Whether something could answer at an address by HTTP."""
    try:
        place = urlsplit(url)
        fits = place.scheme in {"http", "https"} and bool(place.hostname) and place.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        return False
    return fits and re.fullmatch(r"[!-~]+", url) is not None and not place.fragment


def line_name(system: str, size: Size) -> str:
    """The name of one line of versions; see `Line`."""
    return system if size == "full" else f"{system}-{size}"


def bento_name(registered: str) -> str:
    """The name of a line's Bentos, by that of its versions in the registry."""
    return registered.replace(".", "-").replace("_", "-")


class Trust(Strict):
    """Whose signature counts on a shared registry."""

    issuer: Annotated[
        str, Field(pattern=r"^https://\S+$", description="of the signer's OIDC tokens; see docs/workflows.md")
    ]
    identity: Annotated[
        str,
        Field(
            pattern=r"^\S+$", description="as the certificate names it: of GitHub, the workflow and its ref"
        ),
    ]
    trusted_root: Annotated[
        str | None,
        Field(description="file with the root of an own Sigstore, from this folder; null is the public one"),
    ] = None


class ProjectSettings(Strict):
    """Everything that is true of the project as a whole."""

    schema_version: Literal[1]
    name: LiveName
    description: Annotated[str, Field(description="one line; the registry shows it with the model")]
    image_repository: Annotated[
        str, Field(min_length=1, description="of the image that k8s/ serves, without a tag")
    ]
    systems: Annotated[list[Name], Field(description="folders of systems/; `slipway new-system` makes one")]
    default_system: Annotated[
        Name | None, Field(description="what commands work on that name none; null is the first one listed")
    ] = None
    targets: Annotated[
        dict[Name, str],
        Field(
            description="where traffic flows, each with the registry whose aliases it moves, an address as "
            "in tracking_uri; local is server processes of one machine, and moves those of the embedded one; "
            "cluster is Pods behind a gateway, see below"
        ),
    ] = {"local": EMBEDDED}
    cluster: Annotated[
        ClusterSettings | None,
        Field(description="where the target cluster serves; null where targets names none"),
    ] = None
    tracking_uri: Annotated[
        str | None, Field(description="MLflow tracking server; null is the embedded registry in .slipway/")
    ] = None
    artifacts: Annotated[
        str | None,
        Field(description="below what a shared registry keeps artifacts, if its server does not; s3://..."),
    ] = None
    environments: Annotated[
        Literal["offline", "download"],
        Field(
            description="what pip may take the packages of a live version's own lock from, to score it where "
            "newer ones change its scores; offline: its find-links; download: its index too, by hash"
        ),
    ] = "offline"
    trust: Annotated[
        Trust | None,
        Field(description="who signs versions and records; a shared registry needs it, the embedded one not"),
    ] = None
    webhook: Annotated[
        str | None,
        Field(description="who is told of each decision, by a signed POST: https://...; see docs/webhook.md"),
    ] = None

    @field_validator("targets")
    @classmethod
    def _each_its_own(cls, targets: dict[str, str]) -> dict[str, str]:
        for name, uri in targets.items():
            if tells_secret(uri):
                # guard settings.target_secret
                raise ValueError(f"{name}: found {masked(uri)!r} with a user or a password; take it out")
            if (name == "local") != (uri == EMBEDDED):
                # guard settings.local_target
                raise ValueError(
                    f"{name}: found {uri!r}, expected {EMBEDDED!r} for local and an address for any other: "
                    "traffic of one machine says nothing about a registry that others use"
                )
        registries = [without_user(uri) for uri in targets.values()]
        if twice := {uri for uri in registries if registries.count(uri) > 1}:
            # guard settings.one_target
            raise ValueError(f"{min(twice)!r} is moved by two targets, expected one for each registry")
        return targets

    @field_validator("artifacts")
    @classmethod
    def _names_a_place(cls, uri: str | None) -> str | None:
        if uri is not None and (tells_secret(uri) or not PLACE.match(uri)):
            # guard settings.artifacts
            raise ValueError(
                f"found {masked(uri)!r}, expected s3://BUCKET/... or /FOLDER, without a password"
            )
        return uri

    @field_validator("webhook")
    @classmethod
    def _takes_posts(cls, url: str | None) -> str | None:
        if url is not None and (tells_secret(url) or not _of_a_server(url)):
            # guard settings.webhook
            raise ValueError(f"found {masked(url)!r}, expected https://HOST/..., without a user or a secret")
        return url

    @field_validator("tracking_uri")
    @classmethod
    def _tells_no_secret(cls, uri: str | None) -> str | None:
        if uri is not None and tells_secret(uri):
            # guard settings.tracking_uri
            raise ValueError(
                f"found {masked(uri)!r} with a user or a password, which Git would keep; take it out and set "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or for a database MLFLOW_TRACKING_URI"
            )
        return uri

    @model_validator(mode="after")
    def _default_is_listed(self) -> "ProjectSettings":
        if self.default_system is not None and self.default_system not in self.systems:
            raise ValueError(f"default_system {self.default_system!r} is not one of systems {self.systems}")
        return self

    @model_validator(mode="after")
    def _cluster_is_told(self) -> "ProjectSettings":
        if ("cluster" in self.targets) != (self.cluster is not None):
            found = "no section cluster" if self.cluster is None else "a section cluster"
            # guard settings.cluster
            raise ValueError(
                f"targets are {sorted(self.targets)} with {found}, expected both the target cluster and its "
                "section or neither"
            )
        return self

    @model_validator(mode="after")
    def _bentos_have_names(self) -> "ProjectSettings":
        names: dict[str, str] = {}
        for system in self.systems:
            for size in get_args(Size):
                name = bento_name(f"{self.name}.{line_name(system, size)}")
                if len(name) > LONGEST_TAG:
                    raise ValueError(
                        f"{name!r} names a Bento of {system!r}: at most {LONGEST_TAG} characters"
                    )
                if name.endswith("-"):  # BentoML's names end in a letter or digit
                    raise ValueError(f"{name!r} names a Bento of {system!r}: it must end in no _")
                # `ads_small` at the full size and `ads` at the small one would be the same.
                if name in names:
                    raise ValueError(f"{name!r} would name Bentos of {names[name]!r} and of {system!r}")
                names[name] = system
        return self
