"""One user gone everywhere: what there is of them, and how each place loses it."""
