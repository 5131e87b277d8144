"""What a candidate's time is, measured or predicted."""
