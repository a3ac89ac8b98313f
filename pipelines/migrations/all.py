"""All migrations, in their order."""

from __future__ import annotations

from pipelines.migrations import kinds_of_raw_items
from pipelines.migrations.migration import Migration

MIGRATIONS = (
    Migration(
        number=1, what="say of raw items of posts what they are of", act=kinds_of_raw_items.act
    ),
)
