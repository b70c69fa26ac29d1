"""A store of leases in variables."""


class Values:
    """A store in variables; one that is deaf to conditions takes every write."""

    def __init__(self, deaf: bool = False) -> None:
        self.deaf, self.reads = deaf, 0
        self.values: dict[str, tuple[str, str]] = {}

    def read(self, name: str) -> tuple[str, str] | None:
        """A value; nobody waits for it without end."""
        self.reads += 1
        assert self.reads < 1000
        return self.values.get(name)

    def swap(self, name: str, mark: str | None, value: str) -> str | None:
        """Write one."""
        found = self.values.get(name)
        if not self.deaf and (found and found[0]) != mark:
            return None
        self.values[name] = (str(int(found[0] if found else 0) + 1), value)
        return self.values[name][0]

    def where(self, name: str) -> str:
        """Its place."""
        return f"here/{name}"
