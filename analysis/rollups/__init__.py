"""Daily roll-ups: what questions over windows read instead of every post and every row."""
