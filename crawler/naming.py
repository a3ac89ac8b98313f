"""A spider middleware by which every line about a page bears the id of its job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.jobs.stages import name_in_log

if TYPE_CHECKING:
    from scrapy.http import Response


class JobInLogMiddleware:
    """Names the job where a response's task begins; callbacks and pipelines run below it."""

    def process_spider_input(self, response: Response) -> None:
        """Name the job of the response's request."""
        name_in_log(response.meta.get("job"))
