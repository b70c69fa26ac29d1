"""What an older slipway wrote is read after every upgrade; a change of shape needs a new version."""

import json
import typing
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from slipway.base.documents import parse, read
from slipway.base.errors import SlipwayError
from slipway.records.evidence import Evidence
from tests.slipway.records.documents import DOCUMENTS, HERE, kept, newest, shape

MODELS = {name: model for name, (model, _) in DOCUMENTS.items()}
SAMPLES = [
    pytest.param(name, version, id=f"{name}-v{version}")
    for name, model in MODELS.items()
    for version in range(1, newest(model) + 1)
]
names = pytest.mark.parametrize("name", MODELS)


@pytest.mark.parametrize(("name", "version"), SAMPLES)
def test_every_version_ever_written_is_read(name: str, version: int) -> None:
    """And nothing of what it says is lost."""
    path = kept(name, version, ".json")
    found, content = read(path, MODELS[name]), json.loads(path.read_text())
    known = json.loads(found.model_dump_json())

    assert content["schema_version"] == version
    if version == newest(MODELS[name]):
        assert lost(content, known) == []
    else:
        assert Counter(values(content)) - Counter(values(known)) == Counter()


@pytest.mark.parametrize(("name", "version"), SAMPLES)
def test_every_sample_holds_against_the_json_schema(name: str, version: int) -> None:
    """What another machine is told of the format is true; of an older one, that of its time."""
    content = json.loads(kept(name, version, ".json").read_text())
    schema = json.loads(kept(name, version, ".shape.json").read_text())
    if version == newest(MODELS[name]):
        schema = MODELS[name].model_json_schema()

    jsonschema.Draft202012Validator(schema).validate(content)


@names
def test_a_change_of_shape_needs_a_new_version(name: str) -> None:
    """An older slipway must know that it does not know, and a newer one what was written before it."""
    model = MODELS[name]
    path = kept(name, newest(model), ".shape.json")

    assert json.loads(path.read_text()) == shape(model), (
        f"{model.__name__} has another shape than in {path.relative_to(HERE.parents[1])}: raise its "
        "schema_version to Literal[..., new] = new, say how the old one is read, and run `python -m "
        "tests.slipway.records.documents`; the last is enough as long as no release has written that version"
    )


@names
def test_every_version_is_among_those_that_a_model_reads(name: str) -> None:
    """The newest is written; the type lists it and all before it."""
    model = MODELS[name]
    listed = typing.get_args(model.model_fields["schema_version"].annotation)

    assert list(listed) == list(range(1, newest(model) + 1))


@names
def test_a_shape_is_noticed_and_words_are_not(name: str) -> None:
    """A new field changes the shape; a new description does not."""
    model = MODELS[name]
    grown = type(model.__name__, (model,), {"__annotations__": {"more": int}, "__doc__": "Other words."})
    told = type(model.__name__, (model,), {"__doc__": "Other words."})

    assert shape(grown) != shape(model)
    assert shape(told) == shape(model)


@pytest.mark.gate(
    "document.newer",
    fed="a record, evidence, manifest, intent or local state with a newer `schema_version`",
    stops="record",
    exit=1,
    reason="was written by a newer slipway",
    untouched="not read as if it were known",
)
@names
def test_a_newer_document_is_one_clear_line(name: str) -> None:
    """Whatever else it holds."""
    model = MODELS[name]
    content = json.dumps({"schema_version": newest(model) + 1, "nobody": "knows"}).encode()

    with pytest.raises(
        SlipwayError, match=rf"^a/b: schema_version {newest(model) + 1} of a {model.__name__} was "
    ):
        parse(content, model, "a/b")


@names
@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b"\xff\xfe", b"<html>", b"[]", b"null", b"3", b"{}"]
)
def test_what_is_no_document_is_one_clear_line(name: str, content: bytes, tmp_path: Path) -> None:
    """The file, what was found and what to do."""
    path = tmp_path / "file.json"
    path.write_bytes(content)

    with pytest.raises(
        SlipwayError, match=rf"^{path}: .*{MODELS[name].__name__}.*; bring it back$"
    ) as caught:
        read(path, MODELS[name], "bring it back")
    assert "\n" not in str(caught.value)


@pytest.mark.gate(
    "document.whole",
    fed="a record, evidence, manifest, intent or local state that was cut off at any place",
    stops="record",
    exit=1,
    reason="cut off or no JSON",
    untouched="no part of it is read",
)
@names
def test_a_document_that_was_cut_off_is_one_clear_line(name: str) -> None:
    """At any of a hundred places."""
    content = kept(name, 1, ".json").read_bytes().strip()
    for end in range(0, len(content), len(content) // 100 + 1):
        with pytest.raises(SlipwayError, match=r"^a: cut off or no JSON, expected a "):
            parse(content[:end], MODELS[name], "a")


@pytest.mark.parametrize("holdout", ["", "rows", None, [1], 3])
def test_what_looks_like_an_older_document_is_one_clear_line(holdout: object) -> None:
    """Its parts may be anything."""
    content = json.dumps({"schema_version": 1, "holdout": holdout, "comparisons": [], "validation": []})
    with pytest.raises(SlipwayError, match="this is no Evidence"):
        parse(content.encode(), Evidence, "a")


def test_an_absent_document_is_one_clear_line(tmp_path: Path) -> None:
    """In the system's own words."""
    with pytest.raises(SlipwayError, match=rf"^{tmp_path / 'a'}: No such file or directory$"):
        read(tmp_path / "a", MODELS["intent"])


def values(content: Any) -> list[Any]:
    """Every value, wherever it stands, but for the versions of shapes."""
    if isinstance(content, dict):
        return [one for key in content if key != "schema_version" for one in values(content[key])]
    return [one for part in content for one in values(part)] if isinstance(content, list) else [content]


def lost(before: Any, after: Any, place: str = "") -> list[str]:
    """Where `after` does not hold what `before` does; it may hold more."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [one for key in before for one in lost(before[key], after.get(key), f"{place}.{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [one for number, pair in pairs for one in lost(*pair, f"{place}.{number}")]
    return [] if before == after else [place]
