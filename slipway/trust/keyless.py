"""Signatures without a key: Sigstore's, by the identity that a workflow has from its OIDC issuer."""

import base64
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.base.errors import Refused, SlipwayError
from slipway.trust.signing import KEYLESS, Identity, parts

if TYPE_CHECKING:
    from sigstore.verify import Verifier


@dataclass(frozen=True)
class Keyless:
    """The identity whose signatures count.

    Attributes:
        issuer: of its OIDC tokens, such as `https://token.actions.githubusercontent.com`.
        identity: as the certificate names it: of GitHub, the workflow's file with its ref.
        trusted_root: the certificates and log keys of an instance of one's own; None asks the public one for
            its current ones, which are signed and kept.
    """

    issuer: str
    identity: str
    trusted_root: Path | None = None

    def signed(self, content: bytes, signature: str) -> Identity:
        """Verify certificate, identity, issuer and the log's proof, and that `content` is what was signed."""
        from sigstore.models import Bundle
        from sigstore.verify import policy

        kind, name, value = parts(signature)
        if kind != KEYLESS:
            raise Refused(f"signed by {kind} {name[:80]}, expected {self}")  # guard trust.keyless_kind
        # By the second of the extensions that name an issuer; the first is deprecated.
        expected = policy.AllOf([policy.Identity(identity=self.identity), policy.OIDCIssuerV2(self.issuer)])
        verifier = self._verifier
        try:
            bundle = Bundle.from_json(base64.b64decode(value, validate=True))
            verifier.verify_artifact(content, bundle, expected)
        except Exception as error:
            # Whoever writes to the registry wrote these bytes, and its parsers raise what they like.
            said = " ".join(str(error).split())[:300]
            raise Refused(
                f"no keyless signature of these bytes by {self}: {said}"
            ) from error  # guard trust.keyless
        return Identity("keyless", self.identity)

    def __str__(self) -> str:
        return f"{self.identity} of {self.issuer}"

    @cached_property
    def _verifier(self) -> "Verifier":
        # Kept: the public Sigstore is asked for its certificates by each new one.
        from sigstore.errors import Error
        from sigstore.models import TrustedRoot
        from sigstore.verify import Verifier

        try:
            if self.trusted_root is None:
                return Verifier.production()
            return Verifier(trusted_root=TrustedRoot.from_file(str(self.trusted_root)))
        except (Error, OSError, ValueError) as error:
            where = self.trusted_root or "Sigstore's trusted root"
            raise SlipwayError(f"{where}: cannot be had: {' '.join(str(error).split())[:300]}") from error


class Nobody:
    """Whose signature counts where `project.yaml` names nobody."""

    def signed(self, content: bytes, signature: str) -> Identity:
        """Refuse every signature."""
        raise Refused(
            "project.yaml: trust: not set; a shared registry needs the issuer and the identity whose "
            "signatures count (see docs/workflows.md)"
        )  # guard trust.policy
