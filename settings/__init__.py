"""The one reader of the environment, the plans, and Scrapy's settings."""
