"""Errors that end a command with one clear line, and the exit code of each."""


class SlipwayError(Exception):
    """Something is wrong that the user can act on; the message names what was found and expected."""

    exit_code = 1


class NotReady(SlipwayError):  # noqa: N818 - the state of a server
    """The server of a version ended at its start, or was not ready in time."""

    def __init__(self, text: str, version: int) -> None:
        super().__init__(text)
        self.version = version


class Lost(SlipwayError):  # noqa: N818 - a state of what was kept
    """Something that was kept is not there any more, or is not what it was."""


class UsageError(SlipwayError):
    """The command line or a settings file is wrong or incomplete."""

    exit_code = 2


class Refused(SlipwayError):  # noqa: N818 - a decision, not a fault
    """A gate, a guardrail or a rule said no; nothing was changed."""

    exit_code = 3


class Inconclusive(SlipwayError):  # noqa: N818 - a decision, not a fault
    """The evidence did not suffice either way; nothing was promoted."""

    exit_code = 4
