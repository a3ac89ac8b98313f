"""From a link to a raw item: links, pages, jobs, the worker and its spiders."""
