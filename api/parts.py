"""What handlers find on the application, by typed keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from accounts.accounts import Accounts
from accounts.audit import Audit
from accounts.keys import Keys
from accounts.once import Once
from accounts.reports import Reports
from api.admissions import Admissions
from api.analytics import Analytics
from api.batch import Batches
from api.delivered import Delivered
from api.entities import Entities
from api.exports import Exports
from api.extraction import Extraction
from api.health import Health
from api.histories import Histories
from api.links import Links
from api.lists import Lists
from api.locating import Locator
from api.media import Player
from api.metrics import Metrics
from api.rapidapi import RapidApi
from api.scrape import Scrape
from api.streams import Streams
from api.watching import Watches
from crawler.jobs.conducting.stored import Stored
from crawler.jobs.crawls import Crawls
from crawler.jobs.schedules.schedules import Schedules
from crawler.jobs.webhooks.addresses import Addresses
from crawler.jobs.webhooks.endpoints import Endpoints
from crawler.jobs.webhooks.secrets import Secrets
from crawler.jobs.webhooks.webhooks import Webhooks
from settings.env import Environment

if TYPE_CHECKING:
    from pymongo.asynchronous.database import AsyncDatabase

    from api.middlewares.token import AdminToken
    from services.mongodb import Document

ENVIRONMENT = web.AppKey("environment", Environment)
ACCOUNTS = web.AppKey("accounts", Accounts)
KEYS = web.AppKey("keys", Keys)
AUDIT = web.AppKey("audit", Audit)
ADDRESSES = web.AppKey("addresses", Addresses)
ADMIN_TOKEN: web.AppKey[AdminToken] = web.AppKey("admin_token")
REPORTS = web.AppKey("reports", Reports)
ONCE = web.AppKey("once", Once)
ADMISSIONS = web.AppKey("admissions", Admissions)
ANALYTICS = web.AppKey("analytics", Analytics)
BATCHES = web.AppKey("batches", Batches)
CRAWLS = web.AppKey("crawls", Crawls)
DATABASE: web.AppKey[AsyncDatabase[Document]] = web.AppKey("database")
DELIVERIES = web.AppKey("deliveries", Webhooks)
ENTITIES = web.AppKey("entities", Entities)
DELIVERED = web.AppKey("delivered", Delivered)
EXPORTING = web.AppKey("exporting", Streams)
EXPORTS = web.AppKey("exports", Exports)
EXTRACTION = web.AppKey("extraction", Extraction)
HEALTH = web.AppKey("health", Health)
HISTORIES = web.AppKey("histories", Histories)
LOCATOR = web.AppKey("locator", Locator)
METRICS = web.AppKey("metrics", Metrics)
SCHEDULES = web.AppKey("schedules", Schedules)
SCRAPE = web.AppKey("scrape", Scrape)
LINKS = web.AppKey("links", Links)
LISTS = web.AppKey("lists", Lists)
PLAYER = web.AppKey("player", Player)
RAPIDAPI = web.AppKey("rapidapi", RapidApi)
RECEIVERS = web.AppKey("receivers", Endpoints)
STORED = web.AppKey("stored", Stored)
STREAMS = web.AppKey("streams", Streams)
WATCHED = web.AppKey("watched", Streams)
WATCHES = web.AppKey("watches", Watches)
WEBHOOK_SECRETS = web.AppKey("webhook_secrets", Secrets)
