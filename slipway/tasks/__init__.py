"""What a label is and what good means."""
