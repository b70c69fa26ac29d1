"""A password in an address is not told, wherever the address is."""

import io
import json

import pytest

from slipway.base.addresses import masked, tells_secret
from slipway.base.failure import failure_of
from slipway.cli.console import PlainConsole, print_json
from slipway.cli.faults import one_line
from slipway.stages.run import say

SECRETS = {
    # pragma: allowlist nextline secret
    "https://ann:s3cret@host:5000/a?b=c": "https://***@host:5000/a?b=c",
    "https://s3cret@host": "https://***@host",
    # pragma: allowlist nextline secret
    "postgresql+psycopg://ann:s3c@ret@db/m": "postgresql+psycopg://***@db/m",
    "https://host/a?token=s3cret&b=c": "https://host/a?token=***&b=c",
    "https://a.blob.core/x?sv=2&sig=s3cret": "https://a.blob.core/x?sv=2&sig=***",
    "s3://b/x?aws_secret_access_key=s3cret": "s3://b/x?aws_secret_access_key=***",
    "mysql://host/m?user=ann;password=s3cret": "mysql://host/m?user=ann;password=***",
    # pragma: allowlist nextline secret
    "no `https://a:s3cret@b` and 'http://c:s3cret@d'": "no `https://***@b` and 'http://***@d'",
}
PLAIN = [
    "https://host:5000/a?b=c",
    "sqlite:////home/ann@work/mlflow.db",
    "git@github.com:a/b.git",
    "ann@example.com at https://example.com",
    '{"a":"https://x","b":"ann@x"}',
    "",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_hidden(text: str) -> None:
    """And the rest of the address stays, so that one sees which is meant."""
    assert masked(text) == SECRETS[text]
    assert tells_secret(text)
    assert masked(masked(text)) == masked(text)


def test_a_long_name_is_read_once() -> None:
    """It may be of anybody's; tried at each word again, a million characters would take many minutes."""
    name = "?" + "password" * 125_000

    assert masked(name) == name
    assert masked(f"{name}=s3cret") == f"{name}=***"


@pytest.mark.parametrize("text", PLAIN)
def test_what_holds_none_stays(text: str) -> None:
    """Mail addresses, paths and ports are no secrets."""
    assert masked(text) == text
    assert not tells_secret(text)


@pytest.mark.parametrize("text", SECRETS)
def test_nothing_that_is_printed_tells_it(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines, JSON, what a stage says, and what a process keeps of its error."""
    console = PlainConsole(file=(printed := io.StringIO()), soft_wrap=True)
    console.print(text)
    console.print(text, markup=False)
    print_json(json.dumps({"registry": text}))
    say(text)
    told = printed.getvalue() + "".join(capsys.readouterr())
    told += failure_of(ValueError(text)).message + (one_line(OSError(text)) or "")

    assert "s3c" not in told
    assert told.count("***") >= 6
