"""Which image serves which version: a ConfigMap of the line, by the version's digest."""

import re

from slipway.base.errors import Refused, UsageError
from slipway.rollout.target import Deployed
from slipway.rollout.targets.cluster.api import Api, ApiError
from slipway.rollout.targets.cluster.manifests import Objects, Served
from slipway.rollout.targets.cluster.names import IMAGES

NAMED = re.compile(r"[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}")


class Images:
    """What was said by `slipway rollout --image`; it outlives every rollout, so that a rollback finds it."""

    def __init__(self, api: Api, objects: Objects) -> None:
        self.api, self.objects = api, objects

    def learn(self, version: Deployed, image: str) -> None:
        """Keep the image of a version.

        Raises:
            UsageError: it is not named by its digest.
        """
        if not NAMED.fullmatch(image):
            # guard image.named
            raise UsageError(
                f"--image: found {image[:200]!r}, expected REPOSITORY@sha256: and 64 hexadecimal digits, as "
                "`slipway publish` prints it, for a tag can be moved"
            )
        name, known = self.objects.name(IMAGES), {version.digest or "": image}
        try:
            self.api.merge("ConfigMap", name, {"data": known})
        except ApiError as error:
            if error.status != 404:
                raise
            self.api.apply(self.objects.config(IMAGES, known))

    def of(self, version: Deployed) -> Served:
        """A version with its image.

        Raises:
            Refused: nobody has said which it is.
        """
        found = self.api.get("ConfigMap", self.objects.name(IMAGES)) or {}
        image = (found.get("data") or {}).get(version.digest or "")
        if version.digest is None or image is None:
            # guard image.known
            raise Refused(
                f"ConfigMap {self.api.namespace}/{self.objects.name(IMAGES)}: no image of version "
                f"{version.number} ({(version.digest or 'no digest')[:12]}); `slipway publish --version "
                f"{version.number}` makes one, `slipway rollout --version {version.number} --image "
                "REPOSITORY@sha256:...` names it"
            )
        return Served(version.number, version.digest, image)
