"""What handlers find on the application, by typed keys."""

from __future__ import annotations

from aiohttp import web

from accounts.accounts import Accounts
from accounts.once import Once
from accounts.reports import Reports
from api.admissions import Admissions
from api.batch import Batches
from api.extraction import Extraction
from api.health import Health
from api.links import Links
from api.media import Player
from api.metrics import Metrics
from api.scrape import Scrape
from api.streams import Streams
from settings.env import Environment

ENVIRONMENT = web.AppKey("environment", Environment)
ACCOUNTS = web.AppKey("accounts", Accounts)
REPORTS = web.AppKey("reports", Reports)
ONCE = web.AppKey("once", Once)
ADMISSIONS = web.AppKey("admissions", Admissions)
BATCHES = web.AppKey("batches", Batches)
EXTRACTION = web.AppKey("extraction", Extraction)
HEALTH = web.AppKey("health", Health)
ACCOUNTS = web.AppKey("accounts", Accounts)
METRICS = web.AppKey("metrics", Metrics)
SCRAPE = web.AppKey("scrape", Scrape)
LINKS = web.AppKey("links", Links)
PLAYER = web.AppKey("player", Player)
STREAMS = web.AppKey("streams", Streams)
