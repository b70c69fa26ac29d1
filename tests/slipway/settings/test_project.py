"""`project.yaml`: its faults, and the two shipped files."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slipway.base.errors import UsageError
from slipway.rollout.targets import bind
from slipway.settings import Line, load_card, load_project
from slipway.settings.root import Project
from tests.slipway.root import REPOSITORY, ROOT
from tests.slipway.settings.conftest import Spoil

Fault = Callable[[Spoil], str]


def test_the_shipped_files_load() -> None:
    """The project and every system that it lists."""
    settings = load_project(ROOT)
    assert [load_card(ROOT, name).name for name in settings.systems] == settings.systems


def test_an_unknown_key_is_told(project_fault: Fault) -> None:
    """With the keys that there are."""
    said = project_fault(lambda project: project.update(runer="local"))
    assert said.startswith("runer: unknown key; allowed are schema_version, name,")


@pytest.mark.parametrize("key", ["runner", "rollout_target", "namespaces"])
def test_what_has_no_effect_is_no_setting(project_fault: Fault, key: str) -> None:
    """Pipelines run and traffic flows on this machine; a key that promised another place would lie."""
    said = project_fault(lambda project: project.update({key: "kubernetes"}))
    assert said.startswith(f"{key}: unknown key; allowed are schema_version, name,")


def test_names_must_do_for_kubernetes(project_fault: Fault) -> None:
    """Upper case and underscores are no DNS labels."""
    said = project_fault(lambda project: project.update(name="My_Space"))
    assert said.startswith("name: should match pattern")


def test_the_default_system_must_be_listed(project_fault: Fault) -> None:
    """Both names are told."""
    said = project_fault(lambda project: project.update(default_system="fraud"))
    assert said == "(top level): default_system 'fraud' is not one of systems ['ad_click']"


def test_the_first_system_is_the_default(tmp_path: Path) -> None:
    """Where the project names none."""
    text = (ROOT / "project.yaml").read_text()
    lines = [line for line in text.splitlines() if not line.startswith(("systems:", "default_system:"))]
    (tmp_path / "project.yaml").write_text("\n".join([*lines, "systems: [ad_click, other]"]))
    (tmp_path / "systems").symlink_to(ROOT / "systems")
    assert Project(tmp_path).card().name == "ad_click"


@pytest.mark.parametrize(
    ("name", "systems", "said"),
    [
        ("demo", ["ads", "ads_small"], "'demo-ads-small' would name Bentos of 'ads' and of 'ads_small'"),
        ("demo", ["ads_"], "'demo-ads-' names a Bento of 'ads_': it must end in no _"),
        ("d" * 40, ["ads" * 8], f"names a Bento of '{'ads' * 8}': at most 63 characters"),
    ],
)
def test_no_two_lines_share_a_bento(project_fault: Fault, name: str, systems: list[str], said: str) -> None:
    """Nor does the first one fail to be packaged after it was trained."""
    change = {"name": name, "systems": systems, "default_system": systems[0]}
    assert said in project_fault(lambda project: project.update(change))


def test_the_default_of_everything_is_local() -> None:
    """Without a tracking server, the registry is a file below the state folder."""
    uri = Project(ROOT).tracking_uri
    assert uri == Project(ROOT).embedded_tracking_uri
    assert uri.endswith(".slipway/registry/mlflow.db")


def test_a_project_is_found_from_a_folder_inside_it() -> None:
    """As Git does."""
    assert Project.find(REPOSITORY / "slipway" / "data").root == REPOSITORY


def test_no_project_is_one_line(tmp_path: Path) -> None:
    """It says where it looked."""
    with pytest.raises(UsageError, match=r"no project\.yaml here or in any folder above"):
        Project.find(tmp_path)


def test_a_system_that_is_not_listed_is_told() -> None:
    """With those that are."""
    with pytest.raises(UsageError, match=r"no system 'fraud'; project.yaml lists \['ad_click'\]"):
        Project(ROOT).card("fraud")


@pytest.mark.gate(
    "settings.name",
    fed="a card that has another name than its folder",
    stops="settings",
    exit=2,
    reason="system.yaml: name: found 'ad_click', the folder says 'other'",
    untouched="no settings made of it",
)
def test_a_card_must_bear_the_name_of_its_folder(tmp_path: Path) -> None:
    """A copied folder whose card was not edited."""
    folder = tmp_path / "systems" / "other"
    folder.mkdir(parents=True)
    (folder / "system.yaml").write_text((ROOT / "systems/ad_click/system.yaml").read_text())
    with pytest.raises(UsageError, match=r"system.yaml: name: found 'ad_click', the folder says 'other'"):
        load_card(tmp_path, "other")


@pytest.mark.gate(
    "settings.tracking_uri",
    fed="a tracking server's address with a user and a password in project.yaml, which Git keeps",
    stops="settings",
    exit=2,
    reason="take it out and set MLFLOW_TRACKING_USERNAME",
    untouched="the password is not repeated, nothing is read on",
)
@pytest.mark.parametrize(
    "uri",
    [
        "https://ann:s3cret@host",  # pragma: allowlist secret
        "https://s3cret@host",
        "https://host?token=s3cret",
    ],
)
def test_a_password_does_not_belong_into_a_file_of_git(project_fault: Fault, uri: str) -> None:
    """The line says where it belongs, and does not tell it."""
    said = project_fault(lambda project: project.update(tracking_uri=uri))
    assert said.startswith("tracking_uri: found 'https://")
    assert "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in said
    assert "s3cret" not in said


@pytest.mark.gate(
    "settings.webhook",
    fed="a webhook in project.yaml that is no http(s) address, or has a user, a password or a token",
    stops="settings",
    exit=2,
    reason="the key, what was found without the secret, what is expected",
    untouched="nothing sent, no state folder made",
)
@pytest.mark.parametrize(
    "url",
    [
        "hooks.example.com/x",
        "ftp://hooks.example.com",
        "file:///etc/passwd",
        "https:///x",
        "https://hooks.example.com:99999/",
        "https://[::1/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\nX: y",
        "https://hooks.example.com/#x",
        "https://ann:s3cret@hooks.example.com/",  # pragma: allowlist secret
        "https://hooks.example.com/?token=s3cret",
    ],
)
def test_a_webhook_is_an_address_without_a_secret(project_fault: Fault, url: str) -> None:
    """Git would keep it."""
    said = project_fault(lambda project: project.update(webhook=url))
    assert said.startswith("webhook: found '")
    assert said.endswith("expected https://HOST/..., without a user or a secret")
    assert "s3cret" not in said


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "https://[::1]:8443/x", "https://h.example.com/x?team=ml"]
)
def test_a_webhook_may_be_anywhere(tmp_path: Path, url: str) -> None:
    """A part of a query that is named as no secret is none."""
    (tmp_path / "project.yaml").write_text((ROOT / "project.yaml").read_text() + f"webhook: {url}\n")
    assert load_project(tmp_path).webhook == url


@pytest.mark.gate(
    "settings.artifacts",
    fed="a place of artifacts in project.yaml that is no store, all of one, or has a password",
    stops="settings",
    exit=2,
    reason="expected s3://BUCKET/... or /FOLDER",
    untouched="the password is not repeated, nothing is read on",
)
@pytest.mark.parametrize(
    "uri",
    [
        "s3://ann:s3cret@bucket/x",  # pragma: allowlist secret
        "s3://",
        "/",
        "",
        "mlruns",
        "runs://x/y",
        "s3://bucket/x?endpoint=x",
    ],
)
def test_artifacts_have_one_place(project_fault: Fault, uri: str) -> None:
    """All of a scheme would let everybody in."""
    said = project_fault(lambda project: project.update(artifacts=uri))
    assert said.startswith("artifacts: found '")
    assert "expected s3://BUCKET/... or /FOLDER" in said
    assert "s3cret" not in said


def test_a_fault_beside_it_does_not_tell_it_either(project_fault: Fault) -> None:
    """What was found is shown of any key."""
    said = project_fault(lambda project: project.update(tracking_uri=["https://ann:s3cret@host"], name="X"))
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        pytest.param(
            {"local": "https://team"},
            "targets: local: found 'https://team', expected 'embedded' for local and an address for",
            marks=pytest.mark.gate(
                "settings.local_target",
                fed="a project.yaml that binds a laptop's traffic to a shared registry",
                stops="settings",
                exit=2,
                reason="expected 'embedded' for local and an address for any other",
                untouched="no settings made of it",
            ),
        ),
        ({"local": "embedded", "cluster": "embedded"}, "targets: cluster: found 'embedded'"),
        pytest.param(
            {"a": "https://team/", "b": "https://team"},
            "targets: 'https://team' is moved by two targets, expected one for each registry",
            marks=pytest.mark.gate(
                "settings.one_target",
                fed="two targets that would move the aliases of one registry",
                stops="settings",
                exit=2,
                reason="is moved by two targets, expected one for each registry",
                untouched="no settings made of it",
            ),
        ),
        pytest.param(
            {"a": "https://ann:s3cret@team"},  # pragma: allowlist secret
            "targets: a: found 'https://***@team' with a user or a password; take it out",
            marks=pytest.mark.gate(
                "settings.target_secret",
                fed="the address of a target's registry with a password, which Git keeps",
                stops="settings",
                exit=2,
                reason="with a user or a password; take it out",
                untouched="the password is not repeated",
            ),
        ),
    ],
)
def test_a_target_moves_a_registry_of_its_own(
    project_fault: Fault, targets: dict[str, str], said: str
) -> None:
    """And this machine's, the one that is in its state folder."""
    assert said in project_fault(lambda project: project.update(targets=targets))


@pytest.mark.gate(
    "target.known",
    fed="a target of a kind that this slipway does not have",
    stops="promote",
    exit=2,
    reason="targets: found 'moon', expected one of ['cluster', 'local']",
    untouched="no alias moved, no traffic shifted",
)
def test_a_target_is_of_a_known_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name."""
    text = (ROOT / "project.yaml").read_text()
    (tmp_path / "project.yaml").write_text(f"{text}targets: {{moon: 'https://team'}}\n")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://team")
    with pytest.raises(UsageError, match=r"targets: found 'moon', expected one of \['cluster', 'local'\]"):
        bind(Line(Project(tmp_path), "ad_click", "small"))


@pytest.mark.gate(
    "settings.folder",
    fed="a project in a folder with `%20` or `?` in its path",
    stops="settings",
    exit=2,
    reason="found '%20' in the path, by which MLflow would put the registry into another folder",
    untouched="nothing written, there or beside it",
)
@pytest.mark.parametrize(("name", "odd"), [("a%20b", "%20"), ("a?b", "?")])
def test_a_folder_that_mlflow_takes_for_another_is_refused(tmp_path: Path, name: str, odd: str) -> None:
    """SQLAlchemy unquotes the path of a database; one more percent sign is a name like any other."""
    for folder in (tmp_path / name, tmp_path / "100 % sure#1"):
        folder.mkdir()
        (folder / "project.yaml").touch()

    with pytest.raises(UsageError, match=re.escape(f"{tmp_path / name}: found {odd!r} in the path")):
        Project.find(tmp_path / name)
    assert Project.find(tmp_path / "100 % sure#1").root.name == "100 % sure#1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["100 % sure#1", name]


CLUSTER = {
    "namespace": "models",
    "host": "models.example.com",
    "gateway": {"name": "gateway", "namespace": "gateways", "url": "http://gateway.gateways"},
}


@pytest.mark.gate(
    "settings.cluster",
    fed="the target cluster without its section, and the section without the target",
    stops="settings",
    exit=2,
    reason="expected both the target cluster and its section or neither",
    untouched="no settings made of it",
)
@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"targets": {"cluster": "https://team"}}, "['cluster'] with no section cluster"),
        ({"cluster": CLUSTER}, "['local'] with a section cluster"),
    ],
)
def test_a_cluster_is_bound_and_told(project_fault: Fault, change: dict[str, Any], found: str) -> None:
    """Neither does anything without the other."""
    said = project_fault(lambda project: project.update(change))
    assert said == (
        f"(top level): targets are {found}, expected both the target cluster and its section or neither"
    )


@pytest.mark.gate(
    "settings.gateway_secret",
    fed="the address of a gateway with a password, which Git keeps",
    stops="settings",
    exit=2,
    reason="with a user or a password; take it out",
    untouched="the password is not repeated",
)
def test_a_gateway_has_no_password(project_fault: Fault) -> None:
    """The line does not repeat it."""
    gateway = {**CLUSTER["gateway"], "url": "https://ann:s3cret@host"}  # pragma: allowlist secret
    change = {"targets": {"cluster": "https://team"}, "cluster": {**CLUSTER, "gateway": gateway}}
    said = project_fault(lambda project: project.update(change))
    assert said.startswith("cluster.gateway.url: found 'https://***@host' with a user or a password")
