"""`slipway data reproduce`: all stages of the data, where their inputs changed."""

from tests.slipway.cli.conftest import only_line, slipway
from tests.slipway.data.test_versions import FAILS
from tests.slipway.root import REPOSITORY
from tests.slipway.stages.data.conftest import Desk


def test_data_is_made_anew_where_its_source_changed(desk: Desk) -> None:
    """It says which version of the data is there now, and that version is pushed."""
    root = desk.project.root
    before = desk.run().fingerprint
    same = slipway(root, "data", "reproduce", "--size", "small")
    (root / "made" / "more.txt").write_text("more")
    anew = slipway(root, "data", "reproduce", "--size", "small")

    assert same.returncode == anew.returncode == 0, anew.stderr
    assert same.stdout == f"ad_click (small): nothing changed, fingerprint {before}\n"
    assert anew.stdout == f"ad_click (small): made anew, fingerprint {desk.run().fingerprint}\n"
    assert before != desk.run().fingerprint
    assert (desk.split / "more.txt").is_file()


def test_rows_that_the_check_refuses_are_a_refusal(desk: Desk) -> None:
    """The exit code and the line are those of the stage; what was there stays."""
    script = desk.project.root / "dvc.yaml"
    command = next(line.strip() for line in script.read_text().splitlines() if "cmd:" in line)
    (desk.project.root / "fails.py").write_text(FAILS.format(error="Refused('too many nulls')"))
    fails = f"cmd: PYTHONPATH='{REPOSITORY}' python fails.py"
    script.write_text(script.read_text().replace(command, fails))
    before = script.with_name("dvc.lock").read_bytes()

    said = only_line(slipway(desk.project.root, "data", "reproduce", "--size", "small"), 3)
    assert "Refused: too many nulls" in said
    assert script.with_name("dvc.lock").read_bytes() == before
