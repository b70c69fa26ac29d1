"""The JSON schemas that `slipway schema` prints, for editors and other machines."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from slipway.settings import Card, ProjectSettings
from tests.slipway.root import ROOT

FILES = [(Card, "systems/ad_click/system.yaml"), (ProjectSettings, "project.yaml")]


@pytest.mark.parametrize(("model", "file"), FILES)
def test_the_schema_is_valid_and_accepts_the_shipped_file(
    model: type[Card] | type[ProjectSettings], file: str
) -> None:
    """An editor that knows the schema says the same as slipway."""
    schema = model.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    content = yaml.safe_load(Path(ROOT / file).read_text())
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(content)) == []


@pytest.mark.parametrize(("model", "file"), FILES)
def test_the_schema_refuses_an_unknown_key(model: type[Card] | type[ProjectSettings], file: str) -> None:
    """The model's strictness is in the schema too."""
    content = yaml.safe_load(Path(ROOT / file).read_text()) | {"unknown": 1}
    assert list(jsonschema.Draft202012Validator(model.model_json_schema()).iter_errors(content))
