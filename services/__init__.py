"""Connections to MongoDB and Redis, embedded or given; nothing of our domain."""
