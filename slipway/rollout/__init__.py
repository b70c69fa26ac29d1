"""Moving traffic to a canary and judging what it shows."""
