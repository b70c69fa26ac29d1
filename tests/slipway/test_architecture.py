"""The shape that the architecture promises: who imports whom, how large things are, what is said of them."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath
from runpy import run_path

from tests.repo.imports import crossings, imports, tree
from tests.repo.root import files, text
from tests.root import REPOSITORY

LARGEST_MODULE = 350
LARGEST_FUNCTION = 60
LARGEST_COMPONENT = 40
ROOMS: tuple[str, ...] = run_path(str(REPOSITORY / "docs" / "architecture.py"))["ROOMS"]
"""The rooms of slipway, in the order in which they may know each other."""
MOST_LOOSE = 5
SUBMITTERS = {"slipway/runs.py"}
"""The only modules of slipway that may know Kubeflow: they submit pipelines."""

FOLDERS = ("slipway/", "components/", "pipelines/", "hooks/", "benchmarks/")
TESTS = tuple(f"tests/{folder}/" for folder in ("slipway", "template", "repo", "pipelines", "k8s"))
OURS = [name for name in files() if name.startswith(FOLDERS + TESTS)]
"""What this repository answers for: not `systems/`, and nothing that somebody puts beside these folders."""
SOURCES = [name for name in OURS if name.endswith(".py")]
SLIPWAY = [name for name in SOURCES if name.startswith("slipway/")]
COMPONENTS = [name for name in SOURCES if name.startswith("components/")]
PIPELINES = [name for name in SOURCES if name.startswith("pipelines/")]


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when a module is imported."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from at_import(child)


def looked_up(parsed: ast.Module) -> Iterator[str]:
    """What `import_module` is asked for, as it is written."""
    for node in ast.walk(parsed):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield ast.unparse(node.args[0]).removeprefix("f").strip("'")


def functions(name: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file."""
    return [node for node in ast.walk(tree(name)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_imports_are_seen_in_every_form() -> None:
    """The tests below can bite: what a file does import is found."""
    assert "kfp.local" in imports("slipway/runs.py")
    assert crossings(["slipway/runs.py"], "kf") == []


def test_what_is_looked_up_by_name_is_beside_the_one_who_looks() -> None:
    """Or it is a system or a pipeline: else a room could reach a later one behind the tests of imports."""
    found = {(name, asked) for name in SLIPWAY for asked in looked_up(tree(name))}
    aside = {(name, asked) for name, asked in found if not asked.startswith("{__name__}.")}
    assert aside == {
        ("slipway/cli/jobs.py", "pipelines.{name}"),
        ("slipway/system/load.py", "systems.{name}"),
    }


def test_slipway_does_not_know_kubeflow() -> None:
    """The lifecycle is plain Python; a cluster and a laptop call the same functions."""
    assert crossings([name for name in SLIPWAY if name not in SUBMITTERS], "kfp") == []


def test_every_room_stands_in_the_order() -> None:
    """A new room finds its place in it; a module outside of them is an exception."""
    inside = [PurePosixPath(name).relative_to("slipway").parts for name in SLIPWAY]
    assert {parts[0] for parts in inside if len(parts) > 1} == set(ROOMS)
    assert len([parts for parts in inside if len(parts) == 1]) <= MOST_LOOSE


def test_rooms_know_only_what_stands_before_them() -> None:
    """So they form no circle, which single files could hide."""
    upwards = []
    for place, room in enumerate(ROOMS):
        inside = [name for name in SLIPWAY if name.startswith(f"slipway/{room}/")]
        upwards += crossings(
            inside, *(f"slipway.{later}" for later in (*ROOMS[place + 1 :], "runs", "doctor"))
        )
    assert [line for line in upwards if not line.startswith("slipway/cli/")] == []


def test_slipway_imports_none_of_its_callers() -> None:
    """Systems and pipelines are loaded by name; components call slipway."""
    assert crossings(SLIPWAY, "systems", "components", "pipelines", "tests", "benchmarks") == []


def test_the_command_line_is_an_edge() -> None:
    """Nothing below it calls it."""
    below = [n for n in SLIPWAY if not n.startswith("slipway/cli/") and n != "slipway/__main__.py"]
    assert crossings(below, "slipway.cli", "typer") == []


def test_a_version_is_proven_in_one_place() -> None:
    """Whoever runs, packages or parses one takes what is made there, and the registry gives out no other."""
    made = [
        f"{name}: {ast.unparse(node)}"
        for name in SLIPWAY
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Proven"
    ]
    assert {one.partition(":")[0] for one in made} == {"slipway/version/proven.py"}
    fetching = {name for name in SLIPWAY if ".fetch(" in text(name) or "download_artifacts" in text(name)}
    assert fetching == {
        "slipway/registry/adoption.py",
        "slipway/registry/migration.py",
        "slipway/registry/tracking.py",
        "slipway/registry/versions.py",
    }


def test_nothing_is_read_from_the_environment_on_import() -> None:
    """Settings are read once, at the edge; an import has no mood."""
    names = [*SLIPWAY, *COMPONENTS, *PIPELINES]
    reading = [
        f"{name}:{node.lineno}"
        for name in names
        for node in at_import(tree(name))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert reading == []


def test_modules_and_functions_stay_small() -> None:
    """A file can be read at one sitting, a function at one glance."""
    assert [name for name in SOURCES if len(text(name).splitlines()) > LARGEST_MODULE] == []
    assert [name for name in COMPONENTS if len(text(name).splitlines()) > LARGEST_COMPONENT] == []
    long = [
        f"{name}: {one.name}"
        for name in SOURCES
        for one in functions(name)
        if (one.end_lineno or 0) - one.lineno >= LARGEST_FUNCTION
    ]
    assert long == []


def test_every_module_and_package_says_what_it_is() -> None:
    """One sentence on top, in packages too."""
    names = [*SLIPWAY, *PIPELINES]
    assert [name for name in names if not ast.get_docstring(tree(name))] == []


def test_nothing_is_a_drawer_for_everything() -> None:
    """One thing per file, named after it."""
    drawers = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
    assert [name for name in OURS if drawers & set(PurePosixPath(name).with_suffix("").parts)] == []
