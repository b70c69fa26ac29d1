"""What a decision is and how it is kept: checks, intervals, evidence, records, history."""
