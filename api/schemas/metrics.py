"""The metrics of the service."""

from __future__ import annotations

from marshmallow import Schema


class MetricsText(Schema):
    """Text in Prometheus' format, not JSON."""

    content_type = "text/plain"
