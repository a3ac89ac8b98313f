"""The application: its parts put together, its routes, its middlewares."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from accounts.accounts import Accounts
from accounts.audit import Audit
from accounts.changes import Changes
from accounts.keys import Keys
from accounts.limits import Limits
from accounts.once import Once
from accounts.reports import Reports
from accounts.strangers import Strangers
from accounts.subscribers import Subscribers
from accounts.usage import Usage
from api.admissions import Admissions
from api.analytics import Analytics
from api.archive import Archive
from api.batch import Batches
from api.body import MAX_BYTES
from api.cursors import Cursors
from api.delivered import Delivered
from api.entities import Entities
from api.exports import Exports
from api.extraction import Extraction
from api.handlers import (
    admin,
    admin_keys,
    analytics,
    crawl_items,
    crawls,
    exports,
    keys,
    reads,
    schedules,
    webhooks,
)
from api.handlers.batch import extract_batch
from api.handlers.health import read_health, read_liveness, read_readiness
from api.handlers.media import read_subtitles, stream_image, stream_music, stream_video
from api.handlers.metrics import read_metrics
from api.handlers.user import read_me, read_usage
from api.handlers.video import extract_video
from api.handlers.videos import read_video
from api.health import Health
from api.histories import Histories
from api.links import Links
from api.lists import Lists
from api.locating import Locator
from api.media import Player
from api.metrics import Metrics
from api.middlewares.gate import behind_gate
from api.middlewares.token import AdminToken
from api.middlewares.tracing import TracedAdmissions
from api.openapi import OpenApi
from api.parts import (
    ACCOUNTS,
    ADDRESSES,
    ADMIN_TOKEN,
    ADMISSIONS,
    ANALYTICS,
    AUDIT,
    BATCHES,
    CRAWLS,
    DATABASE,
    DELIVERED,
    DELIVERIES,
    ENTITIES,
    ENVIRONMENT,
    EXPORTING,
    EXPORTS,
    EXTRACTION,
    HEALTH,
    HISTORIES,
    KEYS,
    LINKS,
    LISTS,
    LOCATOR,
    METRICS,
    ONCE,
    PLAYER,
    RAPIDAPI,
    RECEIVERS,
    REPORTS,
    SCHEDULES,
    SCRAPE,
    STORED,
    STREAMS,
    WATCHED,
    WATCHES,
    WEBHOOK_SECRETS,
)
from api.promises import Promises
from api.rapidapi import RapidApi
from api.scrape import Scrape
from api.storage import PATIENCE_S
from api.stored_lists import StoredLists
from api.streams import Streams
from api.upstream import Upstream
from api.uptime import COLLECTION, Uptime
from api.watching import Watches
from crawler.egress.names import egresses_of
from crawler.egress.states import states
from crawler.jobs.backlog import Backlog
from crawler.jobs.conducting.state import read_conducting
from crawler.jobs.conducting.stored import Stored
from crawler.jobs.crawls import Crawls
from crawler.jobs.erasures.erasures import Erasures
from crawler.jobs.events import Events
from crawler.jobs.outcomes import Outcomes
from crawler.jobs.queue import Queue
from crawler.jobs.records import Fetcher
from crawler.jobs.schedules.schedules import Schedules
from crawler.jobs.webhooks.addresses import Addresses
from crawler.jobs.webhooks.endpoints import Endpoints
from crawler.jobs.webhooks.secrets import Secrets
from crawler.jobs.webhooks.webhooks import Webhooks
from crawler.jobs.workers import Workers
from pipelines.collections import VIDEOS
from services import mongodb, redis, tracing
from services.wire import Wire
from settings.plans import PLANS, PlanName
from settings.secrets import admin_token, erasure_key, secret_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from pymongo.asynchronous.database import AsyncDatabase
    from redis.asyncio import Redis

    from services.mongodb import Document
    from settings.env import Environment

SETTLE_S = 5.0
"""How long after its answer was due a reservation lapses, and the claim of an idempotency key."""


def build_app(environment: Environment) -> web.Application:
    """The application; it connects to the databases when it starts."""
    app = web.Application(client_max_size=MAX_BYTES)
    app[ENVIRONMENT] = environment
    app[METRICS] = Metrics()
    app.router.add_post("/api/v1/video/extract", behind_gate(extract_video))
    app.router.add_post("/api/v1/video/extract/batch", behind_gate(extract_batch))
    app.router.add_get("/api/v1/videos/{id}", behind_gate(read_video), allow_head=False)
    app.router.add_get("/api/v1/user/me", behind_gate(read_me))
    app.router.add_get("/api/v1/user/usage", behind_gate(read_usage))
    app.router.add_routes(
        [*keys.ROUTES, *crawls.ROUTES, *crawl_items.ROUTES, *reads.ROUTES, *schedules.ROUTES]
    )
    app.router.add_routes(
        [*analytics.ROUTES, *exports.ROUTES, *webhooks.ROUTES, *admin.ROUTES, *admin_keys.ROUTES]
    )
    app.router.add_get("/api/v1/video/{id}/stream", stream_video)
    app.router.add_get("/api/v1/video/{id}/music", stream_music)
    app.router.add_get("/api/v1/video/{id}/images/{number}", stream_image)
    app.router.add_get("/api/v1/video/{id}/subtitles/{language}.{form}", read_subtitles)
    app.router.add_get("/health", read_health)
    app.router.add_get("/health/live", read_liveness)
    app.router.add_get("/health/ready", read_readiness)
    app.router.add_get("/metrics", read_metrics)
    OpenApi(app, address=environment.public_address)
    app.cleanup_ctx.append(_parts)
    app.on_shutdown.append(_let_go)
    return app


async def _let_go(app: web.Application) -> None:
    """End what would never end by itself; all else is answered."""
    app[WATCHES].close()


@contextlib.contextmanager
def _jobs(
    app: web.Application, database: AsyncDatabase[Document], cache: Redis, patient: Redis
) -> Iterator[None]:
    """What crawls and their webhooks take."""
    environment = app[ENVIRONMENT]
    app[ADDRESSES] = Addresses(environment.webhook_allow_networks)
    app[CRAWLS] = Crawls(database, patient)
    app[SCHEDULES] = Schedules(database, app[CRAWLS])
    app[STORED] = Stored(database)
    app[DELIVERED] = Delivered(database, app[CRAWLS])
    app[WATCHES] = Watches(Events(cache), app[CRAWLS])
    app[WATCHED] = Streams(cache, of="watched")
    app[DELIVERIES] = Webhooks(database, public_address=environment.public_address)
    app[RECEIVERS] = Endpoints(database)
    app[WEBHOOK_SECRETS] = Secrets(database, secret_key(environment))
    try:
        yield
    finally:
        app[ADDRESSES].close()


async def _parts(app: web.Application) -> AsyncIterator[None]:
    """Connect, and keep what works in the background for as long as the application runs."""
    environment = app[ENVIRONMENT]
    uri, url = environment.mongodb_uri or "", environment.redis_url or ""
    async with contextlib.AsyncExitStack() as stack:
        endpoint = environment.otel_exporter_otlp_endpoint
        await stack.enter_async_context(tracing.tracing(endpoint, process="api"))
        client = await stack.enter_async_context(mongodb.connect(uri, timeout_s=PATIENCE_S))
        database = mongodb.database(client, uri)
        cache = await stack.enter_async_context(redis.connect(url, timeout_s=PATIENCE_S))
        patient = await stack.enter_async_context(redis.connect(url))
        outcomes = await stack.enter_async_context(Outcomes(patient))
        uptime = Uptime(database[COLLECTION])
        health = Health(redis=cache, database=database, uptime=uptime)
        wire = await stack.enter_async_context(Wire(url, timeout_s=PATIENCE_S))
        egresses = egresses_of(environment.proxy_urls)
        erasures = Erasures(database, partial(erasure_key, environment))
        await stack.enter_async_context(erasures.hearing())
        queue = Queue(cache, egresses=egresses, refuses=erasures.refuses)
        accounts, usage = Accounts(database, cache), Usage(cache, database)
        limits = Limits(
            wire,
            accounts,
            Keys(database),
            usage,
            reservation_s=environment.extract_timeout_s + SETTLE_S,
            subscribers=Subscribers(accounts, database),
        )

        async def breakers() -> Mapping[str, str]:
            found = await states(cache, egresses)
            return {name: state.breaker.value for name, state in found.items()}

        app[HEALTH] = health
        app[ACCOUNTS] = accounts
        app[KEYS] = Keys(database, cache)
        app[AUDIT] = Audit(database)
        app[ADMIN_TOKEN] = AdminToken(admin_token(environment), Strangers(wire))
        app[REPORTS] = Reports(usage, database)
        app[LINKS] = Links(secret_key(environment), address=environment.public_address)
        app[PLAYER] = Player(
            Upstream(environment.tiktok_media_hosts, environment.proxy_urls),
            Archive(environment.archive_url),
        )
        stack.push_async_callback(app[PLAYER].close)
        app[STREAMS] = Streams(cache)
        app[DATABASE] = database
        app[EXPORTS] = Exports(environment)
        app[EXPORTING] = Streams(
            cache, of="exports", most={name: plan.exports for name, plan in PLANS.items()}
        )
        stack.enter_context(_jobs(app, database, cache, patient))
        kind = TracedAdmissions if tracing.is_on() else Admissions
        app[ADMISSIONS] = kind(limits, upgrade_url=environment.upgrade_url)
        app[ONCE] = Once(
            wire,
            secret_key(environment),
            lease_s=environment.extract_timeout_s + SETTLE_S,
        )
        app[RAPIDAPI] = RapidApi(
            app[ADMISSIONS],
            Strangers(wire),
            secrets=environment.rapidapi_proxy_secret,
            custom_plan=PlanName(environment.rapidapi_custom_plan),
        )
        app[EXTRACTION] = Extraction(
            app[ADMISSIONS],
            redis=cache,
            videos=database[VIDEOS],
            queue=queue,
            outcomes=outcomes,
            links=app[LINKS],
            timeout_s=environment.extract_timeout_s,
            cache_ttl_s=environment.cache_ttl_s,
            sources=app[METRICS].extractions,
        )
        _add_reads(app, database, cache, queue, outcomes)
        app[LOCATOR] = Locator(
            videos=database[VIDEOS],
            queue=queue,
            outcomes=outcomes,
            timeout_s=environment.extract_timeout_s,
        )
        app[BATCHES] = Batches(app[EXTRACTION], app[ADMISSIONS])
        await stack.enter_async_context(Changes(database, cache).telling())
        app[SCRAPE] = Scrape(
            app[METRICS],
            health,
            queues={fetcher: Queue(cache, fetcher=fetcher) for fetcher in Fetcher},
            workers=Workers(cache),
            backlog=Backlog(cache),
            breakers=breakers,
            conducting=partial(read_conducting, cache),
        )
        await stack.enter_async_context(app[METRICS].pouring())
        await stack.enter_async_context(uptime.counting(health.databases_answer))
        yield


def _add_reads(
    app: web.Application,
    database: AsyncDatabase[Document],
    client: Redis,
    queue: Queue,
    outcomes: Outcomes,
) -> None:
    """Put together what answers reads."""
    environment = app[ENVIRONMENT]
    promises = Promises(client, app[CRAWLS], Events(client), address=environment.public_address)
    cursors = Cursors(secret_key(environment))
    app[ANALYTICS] = Analytics(app[ADMISSIONS], database=database, cursors=cursors)
    app[HISTORIES] = Histories(
        app[ADMISSIONS], database=database, cursors=cursors, refuses=queue.refuses
    )
    app[ENTITIES] = Entities(
        app[ADMISSIONS],
        redis=client,
        database=database,
        queue=queue,
        outcomes=outcomes,
        promises=promises,
        timeout_s=environment.extract_timeout_s,
        fresh_s=environment.cache_ttl_s,
    )
    app[LISTS] = Lists(
        app[ADMISSIONS],
        stored=StoredLists(database),
        redis=client,
        queue=queue,
        promises=promises,
        outcomes=outcomes,
        cursors=cursors,
        timeout_s=environment.extract_timeout_s,
        fresh_s=environment.cache_ttl_s,
    )
