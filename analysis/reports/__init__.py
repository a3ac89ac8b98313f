"""Pages about one post, user or hashtag: curves, comparisons, tables."""
