"""The documents as they are stored, one file for each item."""
