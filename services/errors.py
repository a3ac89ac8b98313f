"""What can go wrong with the services underneath."""

from __future__ import annotations


class ServiceError(Exception):
    """A service cannot be started or reached; the text says what to do about it."""


class MissingServerError(ServiceError):
    """Neither an address was given nor a server program found that runs on this machine."""


class DataInUseError(ServiceError):
    """Another process holds the data folder."""
