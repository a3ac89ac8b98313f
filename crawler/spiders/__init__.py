"""Scrapy's spiders, one file for each kind of target."""
