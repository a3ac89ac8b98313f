"""How far long work has come: work that goes on where it was interrupted keeps its place here."""

POSITIONS = "positions"
"""The collection, a document for each kind of work."""
