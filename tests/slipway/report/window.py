"""A window of Chromium of any size, by its own driver: what a page measures, prints and gives focus to."""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.demanded import absent

DRIVER = shutil.which("chromedriver")
PATIENCE_S = 60.0
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
DESKTOP = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}


class Window:
    """One session."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}"]
        asked = {"browserName": "chrome", "goog:chromeOptions": {"args": options}}
        found = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": asked}})
        self.session = f"/session/{found['sessionId']}"

    def open(self, page: Path, metrics: dict[str, Any], **media: str) -> None:
        """Show a page in a window of a size, with features of media such as `prefers_color_scheme`."""
        self.cdp("Emulation.setDeviceMetricsOverride", **metrics)
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        self.cdp("Emulation.setEmulatedMedia", features=features)
        self._ask("POST", f"{self.session}/url", {"url": page.as_uri()})

    def run(self, script: str) -> Any:
        """What a script returns, in the page's own document; the page's policy does not concern it."""
        return self._ask("POST", f"{self.session}/execute/sync", {"script": script, "args": []})

    def press(self, key: str) -> None:
        """A key, where the focus is."""
        for kind in ("keyDown", "keyUp"):
            self.cdp("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=9)

    def printed(self) -> bytes:
        """The page as PDF."""
        return base64.b64decode(self._ask("POST", f"{self.session}/print", {}))

    def picture(self) -> bytes:
        """All of the page as PNG."""
        shot = self.cdp("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def cdp(self, command: str, **params: Any) -> Any:
        """A command of Chromium's own protocol."""
        return self._ask("POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": params})

    def close(self) -> None:
        """End the session, and the browser with it."""
        self._ask("DELETE", self.session)

    def _ask(self, method: str, path: str, content: Any = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self.address + path, body, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)["value"]


@contextmanager
def window(folder: Path) -> Iterator[Window]:
    """A window while the block lasts."""
    if DRIVER is None:
        absent("no chromedriver on this machine")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL) as driver:
        try:
            _wait(port)
            found = Window(f"http://127.0.0.1:{port}", folder)
            yield found
            found.close()
        finally:
            driver.terminate()


def _wait(port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"chromedriver does not listen at {port}")
