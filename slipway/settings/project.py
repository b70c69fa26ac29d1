"""`project.yaml`: who we are and where things run."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from slipway.settings.base import LiveName, Name, Strict


class ProjectSettings(Strict):
    """Everything that is true of the project as a whole."""

    schema_version: Literal[1]
    name: LiveName
    description: Annotated[str, Field(description="one line; the registry shows it with the model")]
    image_repository: Annotated[
        str, Field(min_length=1, description="of the image that k8s/base serves, without a tag")
    ]
    systems: Annotated[list[Name], Field(min_length=1)]
    default_system: Name
    tracking_uri: Annotated[
        str | None, Field(description="MLflow tracking server; null is the embedded registry in .slipway/")
    ] = None

    @model_validator(mode="after")
    def _default_is_listed(self) -> "ProjectSettings":
        if self.default_system not in self.systems:
            raise ValueError(f"default_system {self.default_system!r} is not one of systems {self.systems}")
        return self
