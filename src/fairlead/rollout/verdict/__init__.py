"""What the evidence says of a new release: promote, continue, hold or abort. Pure: counts in, verdicts out."""
