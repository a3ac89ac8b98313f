"""A raw post, in whichever layout, turned into its document; each part of it in its own file."""
