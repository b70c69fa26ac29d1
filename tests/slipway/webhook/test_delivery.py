"""Receivers that take, fail, hang and lead elsewhere; real ones."""

import time
from contextlib import closing
from functools import partial
from pathlib import Path
from socket import create_server

import pytest
from filelock import FileLock
from standardwebhooks import Webhook

from slipway.webhook import delivery
from slipway.webhook.delivery import deliver, host, told
from slipway.webhook.outbox import Outbox, Waiting
from tests.slipway.webhook.conftest import waiting
from tests.slipway.webhook.receiver import SECRET, Receiver, certificate, receiving


def sent(outbox: Outbox, url: str, *waited: float) -> str | None:
    """Deliver without pauses, and require that there would have been these at most; time goes on."""
    paused: list[float] = []
    said = deliver(outbox, url, lambda _: True, paused.append)
    found = [one for one in paused if one]
    assert len(found) <= len(waited)
    assert all(one <= max(waited) for one in found)
    return said


def test_what_waits_is_told_once(outbox: Outbox, receiver: Receiver) -> None:
    """In its order, each with a signature that the library of the convention takes."""
    at = waiting().due
    for name in ("2-r", "1-r"):
        outbox.put(waiting(name, due=at))
    assert sent(outbox, receiver.url) is None
    assert outbox.empty
    assert receiver.names == ["1-r", "2-r"]
    for path, headers, body in receiver.got:
        assert path == "/hooks/unguessable?team=ml"
        assert headers["content-type"] == "application/json"
        assert Webhook(SECRET).verify(body, headers) == {"of": headers["webhook-id"]}


def test_a_receiver_that_comes_back_is_told_by_the_same_command(outbox: Outbox, receiver: Receiver) -> None:
    """Under the same id, so that it can tell what it has already."""
    receiver.answers = [500, 429, 200]
    outbox.put(waiting())
    assert sent(outbox, receiver.url, 1, 2) is None
    assert outbox.empty
    assert receiver.names == [waiting().name] * 3


@pytest.mark.parametrize(
    ("status", "said"), [(500, "answered 500"), (404, "answered 404"), (410, "answered 410")]
)
def test_a_failing_receiver_is_tried_later(
    outbox: Outbox, receiver: Receiver, status: int, said: str
) -> None:
    """By a later command, and not before the pause is over."""
    receiver.answers = [status]
    outbox.put(waiting())
    assert sent(outbox, receiver.url, 1, 2) == said
    (left,) = outbox.waiting()
    assert (left.tries, left.failed) == (3, said)
    assert sent(outbox, receiver.url) is None
    assert len(receiver.got) == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(outbox: Outbox, receiver: Receiver, status: int) -> None:
    """Whoever answers may not send what was decided to somebody else."""
    with receiving() as elsewhere:
        receiver.answers, receiver.location = [status], elsewhere.url
        outbox.put(waiting())
        assert sent(outbox, receiver.url, 1, 2) == f"answered {status}; redirects are not followed"
        assert elsewhere.got == []
    assert not outbox.empty


@pytest.mark.parametrize("mood", [0, 1])
def test_a_slow_receiver_is_waited_for_no_longer(
    outbox: Outbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, mood: int
) -> None:
    """One that hangs, and one that answers a byte at a time; the command has an end as well."""
    monkeypatch.setattr(delivery, "TRY_S", 0.2)
    monkeypatch.setattr(delivery, "COMMAND_S", 0.5)
    receiver.answers = [mood]
    for number in range(9):
        outbox.put(waiting(f"{number}-r"))
    begun = time.monotonic()
    assert sent(outbox, receiver.url) == "no answer within 0 s"
    assert time.monotonic() - begun < 25
    assert len(receiver.got) < 9
    assert len(outbox.waiting()) == 9


def test_a_certificate_that_nobody_vouches_for_is_told_nothing(
    outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company's own authority is trusted where the environment names it."""
    own = certificate(tmp_path / "own.pem")
    with receiving(own) as receiver:
        outbox.put(waiting())
        assert "CERTIFICATE_VERIFY_FAILED" in str(sent(outbox, receiver.url, 1, 2))
        assert receiver.got == []
        outbox.put(waiting())
        monkeypatch.setenv("SSL_CERT_FILE", str(own))
        assert sent(outbox, receiver.url) is None
        assert receiver.names == [waiting().name]


def test_nobody_listens(outbox: Outbox) -> None:
    """Nor does anybody at a name that is none."""
    with closing(create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    outbox.put(waiting())
    assert str(sent(outbox, f"http://127.0.0.1:{port}/?token=t0psecret", 1, 2)).startswith("ConnectError")
    assert "t0psecret" not in str(outbox.waiting())


def test_no_proxy_of_the_environment_learns_of_it(
    outbox: Outbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decision goes to the one that is named."""
    with receiving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        outbox.put(waiting())
        assert sent(outbox, receiver.url) is None
        assert (len(proxy.got), len(receiver.got)) == (0, 1)


def test_two_at_once_send_once(outbox: Outbox, receiver: Receiver) -> None:
    """The other one leaves it to the first."""
    outbox.put(waiting())
    with FileLock(outbox.lock):
        assert sent(outbox, receiver.url) is None
    assert receiver.got == []
    assert not outbox.empty


def test_without_a_secret_nothing_is_sent(
    outbox: Outbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unsigned message is worth nothing; it is kept, and says why."""
    monkeypatch.delenv("SLIPWAY_WEBHOOK_SECRET")
    outbox.put(waiting())
    assert str(sent(outbox, receiver.url)).startswith("SLIPWAY_WEBHOOK_SECRET is not set")
    assert receiver.got == []
    assert outbox.waiting()[0].tries == 0


def test_what_is_open_is_not_told(outbox: Outbox, receiver: Receiver) -> None:
    """A process may be keeping its record just now."""
    outbox.put(waiting(decided=False))
    assert deliver(outbox, receiver.url, lambda _: False) is None
    assert receiver.got == []
    assert not outbox.empty


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.example.com/T0/unguessable?x=1", "https://hooks.example.com"),
        ("http://[::1]:8080/x", "http://[::1]:8080"),
    ],
)
def test_an_address_is_shown_by_its_host(url: str, shown: str) -> None:
    """Its path may be all that is secret."""
    assert host(url) == shown


def test_what_waits_is_said_in_a_line(outbox: Outbox) -> None:
    """How much, since when and why."""
    say = partial(told, url="https://h/x", folder=outbox.folder)
    tried: Waiting = waiting(
        "1-r", tries=2, failed="answered 500", due=waiting().due.replace(2026, 1, 2, 3, 4, 5)
    )
    assert say([]) is None
    assert say([waiting("1-r")]) == "1 decision not told to https://h yet, the oldest 1-r"
    assert say([tried, waiting("2-r")]) == (
        "2 decisions not told to https://h yet, the oldest 1-r: answered 500; "
        "2 tries, the next from 2026-01-02 03:04:05 UTC"
    )
    assert (
        told([tried], None, outbox.folder)
        == f"1 decision in {outbox.folder}, and project.yaml names no webhook"
    )
