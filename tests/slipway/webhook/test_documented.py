"""`docs/webhook.md` shows what is sent, and a receiver that works."""

import contextlib
import io
import json
import re
import threading
from datetime import UTC, datetime
from http.server import HTTPServer
from typing import Any, get_args

from slipway.records.decision import Decision
from slipway.webhook import delivery
from slipway.webhook.delivery import deliver
from slipway.webhook.message import Told, message
from slipway.webhook.outbox import MOST, PAUSES_S, Outbox
from tests.slipway.report import sample
from tests.slipway.root import REPOSITORY
from tests.slipway.webhook.conftest import waiting

PAGE = (REPOSITORY / "docs" / "webhook.md").read_text(encoding="utf-8")


def body() -> str:
    """The message of the page's example."""
    record = sample.record(
        id="20261130T204512345-7a31",
        at=datetime(2026, 11, 30, 20, 45, 12, 345000, UTC),
        decision="promote",
        version=2,
        replaced=1,
        reason="version 2 earned more than version 1",
        run="7a31",
    )
    return message(record, sample.digest("r"), "slipway-demo", "slipway-demo.ad_click").model_dump_json()


def test_the_example_is_what_is_sent() -> None:
    """Key by key, in its order."""
    (shown,) = re.findall(r"^    \{\n(?:    .*\n)+", PAGE, re.MULTILINE)
    assert list(json.loads(shown)["data"]) == list(Told.model_fields)
    assert json.loads(shown) == json.loads(body())


def test_every_decision_and_pause_is_named() -> None:
    """And the limits that a receiver has to keep."""
    assert [one for one in get_args(Decision) if f"`{one}`" not in PAGE] == []
    assert (PAUSES_S, MOST) == ((1, 2, 60, 300, 1800, 7200), 1000)
    assert (delivery.TRY_S, delivery.COMMAND_S) == (4, 10)


def test_the_receiver_of_the_page_works(outbox: Outbox) -> None:
    """It takes a message once, however often that is sent."""
    (code,) = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    known: dict[str, Any] = {"__name__": "receiver"}
    exec(code, known)  # noqa: S102 - a page of this repository
    known["Receiver"].log_message = lambda *_: None
    said = io.StringIO()
    server = HTTPServer(("127.0.0.1", 0), known["Receiver"])
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        with contextlib.redirect_stdout(said):
            for _ in range(2):
                outbox.put(waiting("20261130T204512345-7a31", body=body()))
                assert deliver(outbox, f"http://127.0.0.1:{server.server_port}", lambda _: True) is None
    finally:
        server.shutdown()
        server.server_close()
    assert outbox.empty
    line = "slipway-demo.ad_click: promote of version 2: version 2 earned more than version 1\n"
    assert said.getvalue() == line
