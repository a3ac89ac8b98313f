"""Who calls and what they may spend: accounts, keys, limits, usage."""
