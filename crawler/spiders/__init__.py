"""Scrapy's spiders: those of workers, and those that ``scrapy crawl`` runs by name."""
