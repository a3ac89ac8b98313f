"""Changes of what is stored already, numbered; each may run again at any time.

A change of a document's shape raises its ``SCHEMA_VERSION`` and comes with a migration that finds
the older documents and brings them up to it.
"""
