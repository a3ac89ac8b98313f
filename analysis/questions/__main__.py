"""Write ``docs/analysis`` anew: ``python -m analysis.questions``."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from analysis.questions.pages import PLAN, answers, write
from analysis.sample.seeding import Seeding
from services import mongodb


async def _answered(uri: str) -> None:
    async with mongodb.connect(uri) as client:
        database = mongodb.database(client, uri)
        await Seeding(database, PLAN).write()
        write(await answers(database))


def main() -> None:
    """Seed a MongoDB of its own, ask everything, write the pages."""
    with tempfile.TemporaryDirectory(prefix="questions-") as folder:
        server = mongodb.EmbeddedMongo(Path(folder), cache_gb=0.25)
        server.start()
        try:
            asyncio.run(_answered(server.uri))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
