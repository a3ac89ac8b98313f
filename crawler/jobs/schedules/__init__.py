"""Crawls that begin by themselves: when, of what, and what came of it."""
