"""What the product is measured beside: each peer is a program of its own, in its own process."""
