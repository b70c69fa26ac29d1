"""A Sigstore of our own, as small as verification allows: an authority and two logs.

Fulcio, its log and Rekor cannot be reached from tests. What they would give is made here with keys of the
test, in the formats that they use (RFC 6962 for the logs), and verified by the library as theirs would be.
"""

import base64
import hashlib
import json
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ISSUED_BY = ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
SCTS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
SHA256 = ec.ECDSA(hashes.SHA256())


def encoded(content: bytes) -> str:
    """Base64."""
    return base64.b64encode(content).decode()


def der(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def octets(content: bytes) -> bytes:
    """A DER OCTET STRING of less than 64 KiB."""
    size = len(content)
    if size < 128:
        return bytes([4, size]) + content
    return b"\x04\x82" + struct.pack("!H", size) + content


class Authority:
    """Issues certificates for identities, and logs what they sign."""

    def __init__(self) -> None:
        self.ca, self.ct, self.rekor = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's authority")])
        self.root = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(self.name)
            .public_key(self.ca.public_key())
            .serial_number(1)
            .not_valid_before(AT - timedelta(days=1))
            .not_valid_after(AT + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.ca.public_key()), critical=False)
            .sign(self.ca, hashes.SHA256())
        )

    def write_root(self, path: Path) -> Path:
        """The trusted root, as clients of this instance have it."""
        since = {"start": "2020-01-01T00:00:00Z"}

        def log(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
            known = {
                "rawBytes": encoded(der(key)),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": since,
            }
            identity = {"keyId": encoded(hashlib.sha256(der(key)).digest())}
            return {
                "baseUrl": "https://log.example.com",
                "hashAlgorithm": "SHA2_256",
                "publicKey": known,
                "logId": identity,
            }

        content = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(self.rekor)],
            "ctlogs": [log(self.ct)],
            "certificateAuthorities": [
                {
                    "subject": {"organization": "test", "commonName": "test"},
                    "uri": "https://ca.example.com",
                    "certChain": {
                        "certificates": [{"rawBytes": encoded(self.root.public_bytes(Encoding.DER))}]
                    },
                    "validFor": since,
                }
            ],
            "timestampAuthorities": [],
        }
        path.write_text(json.dumps(content))
        return path

    def sign(self, content: bytes, identity: str, issuer: str) -> str:
        """What `cosign sign-blob --bundle` would leave for that identity, as slipway keeps it."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(key, identity, issuer)
        signature = key.sign(content, SHA256)
        bundle = {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": encoded(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [self._logged(content, signature, certificate)],
            },
            "messageSignature": {
                "messageDigest": {
                    "algorithm": "SHA2_256",
                    "digest": encoded(hashlib.sha256(content).digest()),
                },
                "signature": encoded(signature),
            },
        }
        return f"keyless:sigstore:{encoded(json.dumps(bundle).encode())}"

    def _certificate(self, key: ec.EllipticCurvePrivateKey, identity: str, issuer: str) -> x509.Certificate:
        named = issuer.encode()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(AT - timedelta(minutes=1))
            .not_valid_after(AT + timedelta(minutes=9))
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ca.public_key()), critical=False
            )
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)]), critical=True
            )
            # A DER UTF8String.
            .add_extension(
                x509.UnrecognizedExtension(ISSUED_BY, bytes([12, len(named)]) + named), critical=False
            )
        )
        before = builder.sign(self.ca, hashes.SHA256())
        stamped = x509.UnrecognizedExtension(SCTS, octets(self._stamp(before.tbs_certificate_bytes)))
        return builder.add_extension(stamped, critical=False).sign(self.ca, hashes.SHA256())

    def _stamp(self, tbs: bytes) -> bytes:
        """A list of one signed certificate timestamp, RFC 6962 3.2 and 3.3."""
        at = struct.pack("!Q", int(AT.timestamp() * 1000))
        entry = hashlib.sha256(der(self.ca)).digest() + struct.pack("!I", len(tbs))[1:] + tbs
        signed = self.ct.sign(b"\0\0" + at + b"\0\1" + entry + b"\0\0", SHA256)
        stamp = b"\0" + hashlib.sha256(der(self.ct)).digest() + at + b"\0\0" + b"\4\3"
        stamp += struct.pack("!H", len(signed)) + signed
        one = struct.pack("!H", len(stamp)) + stamp
        return struct.pack("!H", len(one)) + one

    def _logged(self, content: bytes, signature: bytes, certificate: x509.Certificate) -> dict[str, Any]:
        """The only entry of a log, with its promise, its proof and a signed checkpoint."""
        public = {"content": encoded(certificate.public_bytes(Encoding.PEM))}
        spec = {
            "data": {"hash": {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()}},
            "signature": {"content": encoded(signature), "publicKey": public},
        }
        body = _canonical({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec})
        log, at = hashlib.sha256(der(self.rekor)).digest(), int(AT.timestamp())
        promised = {"body": encoded(body), "integratedTime": at, "logID": log.hex(), "logIndex": 0}
        top = hashlib.sha256(b"\0" + body).digest()
        note = f"log.example.com - 1\n1\n{encoded(top)}\n"
        signed = encoded(log[:4] + self.rekor.sign(note.encode(), SHA256))
        return {
            "logIndex": "0",
            "logId": {"keyId": encoded(log)},
            "kindVersion": {"kind": "hashedrekord", "version": "0.0.1"},
            "integratedTime": str(at),
            "inclusionPromise": {
                "signedEntryTimestamp": encoded(self.rekor.sign(_canonical(promised), SHA256))
            },
            "inclusionProof": {
                "logIndex": "0",
                "rootHash": encoded(top),
                "treeSize": "1",
                "hashes": [],
                "checkpoint": {"envelope": f"{note}\n— log.example.com {signed}\n"},
            },
            "canonicalizedBody": encoded(body),
        }


def _canonical(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
