"""What the objects of a line are called in the cluster, and what is written on them."""

from hashlib import sha256

LONGEST = 63
"""Characters of a label of DNS, as the name of a Service is."""
MANAGER = "slipway"
"""The field manager of all that is applied, and the value of the label that says whose an object is."""
LINE, ROLE = "slipway/line", "slipway/role"
"""Labels: by these a Service and a Deployment find their Pods."""
NUMBER, DIGEST, IMAGE = "slipway/number", "slipway/digest", "slipway/image"
EXPERIMENT, WEIGHT, BEFORE = "slipway/experiment", "slipway/weight", "slipway/before"
"""Annotations: the facts that traffic is read from; `before` is the version that a shift left."""
RENEWED = "slipway/renewed"
"""Annotation of the route of a version served aside: when whoever serves it was last alive."""
STABLE, CANARY, DOOR, IMAGES, TRAFFIC = "stable", "canary", "door", "images", "traffic"
DOOR_HEADER = "x-slipway-door"
"""With a secret of one trial, a request goes to a version whatever its bucket is."""


def named(line: str, role: str) -> str:
    """The name of a line's object; a long one is cut, and told apart by a hash.

    Args:
        line: the name of the line's Bentos, which is a label of DNS.
    """
    if len(line) + len(role) < LONGEST:
        return f"{line}-{role}"
    kept = LONGEST - len(role) - 10
    return f"{line[:kept]}-{sha256(line.encode()).hexdigest()[:8]}-{role}"
