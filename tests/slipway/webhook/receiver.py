"""Real servers that receive what is decided, and the moods that they can be in."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # pragma: allowlist secret


@dataclass
class Receiver:
    """What a server got, and how it answers next.

    Attributes:
        answers: statuses, one for each request; the last one stays. 0 hangs, 1 is a head that trickles.
        got: the path, headers and body of each.
    """

    answers: list[int] = field(default_factory=lambda: [204])
    location: str = ""
    got: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    port: int = 0
    gone: threading.Event = field(default_factory=threading.Event)
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Where it listens, with what only its owner knows."""
        return f"{self.scheme}://127.0.0.1:{self.port}/hooks/unguessable?team=ml"

    @property
    def names(self) -> list[str]:
        """The ids of what it got, in the order in which it came."""
        return [headers["webhook-id"] for _, headers, _ in self.got]


@contextmanager
def receiving(certificate: Path | None = None) -> Iterator[Receiver]:
    """A server in a thread; with a certificate and its key in one file, by TLS."""
    made = Receiver(scheme="https" if certificate else "http")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            made.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            status = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            if status == 0:
                made.gone.wait(30)
            elif status == 1:
                self._trickle()
            else:
                self.send_response(status)
                self.send_header("Location", made.location)
                self.end_headers()

        def _trickle(self) -> None:
            """A byte now and then, each before whoever waits for one gives up."""
            with suppress(OSError):
                self.wfile.write(b"HTTP/1.1 204 No Content\r\n")
                while not made.gone.wait(0.02):
                    self.wfile.write(b"X-A: b\r\n")

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.port = server.server_port
    if certificate:
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(certificate)
        server.socket = secure.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield made
    finally:
        made.gone.set()
        server.shutdown()
        server.server_close()


def certificate(path: Path) -> Path:
    """One that is its own authority, for this machine, with its key in the same file."""
    key, at = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's receiver")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, kind, serialization.NoEncryption()))
    return path
