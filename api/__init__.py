"""The HTTP API in front of cache, store and crawler."""
