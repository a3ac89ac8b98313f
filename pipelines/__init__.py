"""From a raw item to a stored and published document."""
