"""Addresses that may hold a password: found, and shown without it."""

import hashlib
import re

_USER = re.compile(r"(?<=://)[^/\s\"'<>]*@")
"""A user and perhaps a password. Up to the last @ before the path: one in a password belongs to it."""
_SECRET = re.compile(
    r"([?&;](?:(?=[\w.-]*?(?:password|passwd|pwd|token|secret|signature|credential))[\w.-]++|sig|api_?key)=)"
    r"[^&;\s\"'<>]+",
    re.IGNORECASE,
)
"""A value of a query that is named as a secret is. Nothing of a name is tried twice: it may be long."""
HIDDEN = "***"


def masked(text: str) -> str:
    """A text in which no address tells a user, a password or a token."""
    return _SECRET.sub(rf"\1{HIDDEN}", _USER.sub(f"{HIDDEN}@", text))


def without_user(address: str) -> str:
    """An address as it is the same for everybody: without a user, a password and a slash at its end."""
    return _USER.sub("", address).rstrip("/")


def name_of(address: str) -> str:
    """A name for files that belong to what lies at an address: 8 hexadecimal digits, whoever asks for it."""
    return hashlib.sha256(without_user(address).encode()).hexdigest()[:8]


def tells_secret(address: str) -> bool:
    """Whether an address holds a user, a password or a token."""
    return masked(address) != address
