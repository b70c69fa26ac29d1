"""What a receiver is told, and by which it knows that it is true."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from slipway.base.errors import UsageError
from slipway.base.provenance import now
from slipway.webhook.message import headers, key, message
from tests.slipway.report import sample
from tests.slipway.webhook.receiver import SECRET

BODY = '{"reason":"Klicks von Robotern, übermäßig"}'


def test_a_reason_tells_no_password() -> None:
    """And no novel."""
    record = sample.record(reason="see https://ann:hunter2@wiki/x " + "x" * 5000)  # pragma: allowlist secret
    told = message(record, "s", "p", "l").data.reason
    assert "hunter2" not in told
    assert len(told) == 1000


def test_the_library_of_the_convention_takes_it() -> None:
    """And nothing that was changed on its way, nor with another secret, nor old."""
    signed = dict(headers(BODY, "id-1", now(), key(SECRET)))
    assert Webhook(SECRET).verify(BODY, signed) == json.loads(BODY)
    other = "whsec_" + "QUFB" * 8
    stale = dict(headers(BODY, "id-1", now() - timedelta(minutes=6), key(SECRET)))
    forged = [(SECRET, BODY + " ", signed), (other, BODY, signed), (SECRET, BODY, stale)]
    forged += [(SECRET, BODY, signed | {"webhook-id": "id-2"})]
    for secret, body, sent in forged:
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, sent)


def test_it_is_the_example_of_the_convention() -> None:
    """Its own vector: https://github.com/standard-webhooks/standard-webhooks, libraries/python/tests."""
    at = datetime.fromtimestamp(1614265330, UTC)
    made = headers('{"test": 2432232314}', "msg_p5jXN8AQM9LWM0D4loKWxJek", at, key(SECRET))
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert made["webhook-timestamp"] == "1614265330"


@pytest.mark.gate(
    "webhook.secret",
    fed="no `SLIPWAY_WEBHOOK_SECRET`, or one that is short, long, no base64 or without its mark",
    stops="record",
    exit=2,
    reason="the variable, how many characters it has, what is expected; never the characters",
    untouched="nothing sent, the message kept",
)
@pytest.mark.parametrize(
    "secret",
    [
        None,
        "",
        "hunter2hunter2hunter2hunter2hunter2",
        "whsec_",
        "whsec_QUFB",
        "whsec_!!!!",
        f"whsec_{'QUFB' * 22}",
    ],
)
def test_a_secret_that_is_none_signs_nothing(secret: str | None) -> None:
    """What it says is shown nowhere."""
    with pytest.raises(UsageError, match=r"^SLIPWAY_WEBHOOK_SECRET.*expected whsec_ and 24 to 64") as said:
        key(secret)
    assert not secret or len(secret) < 7 or secret not in str(said.value)
