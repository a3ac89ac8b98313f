"""What the conductor does with crawls: feeding, entering outcomes and items, ending."""
