"""How far a delivery is, and why an attempt at it failed."""

from __future__ import annotations

from enum import StrEnum


class DeliveryState(StrEnum):
    """How far a delivery is."""

    WAITING = "waiting"
    """It is to be sent, for the first time or again."""
    DELIVERED = "delivered"
    """The receiver answered with a status from 200 to 299."""
    FAILED = "failed"
    """All its attempts failed."""
    SWITCHED_OFF = "switched_off"
    """Its endpoint is switched off, so it is not sent."""


class Failure(StrEnum):
    """Why an attempt failed."""

    STATUS = "status"
    """The receiver answered with another status than 200 to 299; a redirect is not followed."""
    TIMEOUT = "timeout"
    """The receiver did not answer in time."""
    REFUSED = "address_refused"
    """The address leads, by now, to no host or to where webhooks do not go."""
    TLS = "tls_failed"
    """The receiver's certificate is not valid."""
    CONNECTION = "connection_failed"
    """There was no connection, or no HTTP on it."""
    UNSIGNED = "secret_unreadable"
    """The secret cannot be opened, for SECRET_KEY is another: rotate it."""


class OffReason(StrEnum):
    """Why an endpoint is switched off."""

    GONE = "gone"
    """The receiver answered 410."""
    FAILING = "failing"
    """Nothing succeeded for days."""
