"""Lists that pages fetch by their own script: posts, comments, replies, results of a search."""
