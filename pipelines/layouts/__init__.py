"""Older layouts of a post, each turned into the one that TikTok's pages use today."""
