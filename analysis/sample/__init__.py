"""A made-up store in the real documents' shapes: for trying questions, for tests, for the bench."""
