"""Who was erased, and is never collected again."""
