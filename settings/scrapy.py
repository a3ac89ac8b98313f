"""Scrapy's settings, for the worker and for plain ``scrapy crawl`` alike."""

from __future__ import annotations

from settings.env import read_environment

_environment = read_environment()

BOT_NAME = "tiktok-video-intelligence"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"

TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
ASYNCIO_EVENT_LOOP = "uvloop.Loop"

TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
LOG_LEVEL = _environment.log_level
LOG_SCRAPED_ITEMS = False

CONCURRENT_REQUESTS = _environment.pages_at_once
# A slot of Scrapy's downloader is an egress here.
CONCURRENT_REQUESTS_PER_DOMAIN = _environment.egress_concurrency
# One item a page: the default of 100 starts a hundred tasks for each response.
CONCURRENT_ITEMS = 4
# The intake bounds what is in hand; the default of 5 MB would stop at eighteen pages.
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 64 * 1024 * 1024
# A page that is late for the caller who waits is of no use to anybody.
DOWNLOAD_TIMEOUT = 0.8 * _environment.extract_timeout_s
DOWNLOAD_MAXSIZE = 8 * 1024 * 1024
DOWNLOAD_HANDLERS = {
    "http": "crawler.downloading.PageDownloadHandler",
    "https": "crawler.downloading.PageDownloadHandler",
}
AUTOTHROTTLE_ENABLED = _environment.autothrottle_enabled
AUTOTHROTTLE_TARGET_CONCURRENCY = _environment.autothrottle_target_concurrency
# Scrapy's five seconds before the first latency is known would be lost to who waits.
AUTOTHROTTLE_START_DELAY = 0
AUTOTHROTTLE_MAX_DELAY = _environment.extract_timeout_s
DUPEFILTER_CLASS = "scrapy.dupefilters.BaseDupeFilter"
ROBOTSTXT_OBEY = False
RETRY_TIMES = 2

USER_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/147.0.0.0 Safari/537.36"
)
DEFAULT_REQUEST_HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.9",
}

# Off is what a page of a post does not need, for each costs time on every page: its headers and
# timeout are on the request, its cookies are read where they matter, its redirects say what became
# of it, and every address is crawled as often as it is asked for.
DOWNLOADER_MIDDLEWARES = {
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": None,
    "scrapy.downloadermiddlewares.defaultheaders.DefaultHeadersMiddleware": None,
    "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
    "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
}
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,
    "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
    "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
    "crawler.naming.JobInLogMiddleware": 100,
}
ITEM_PIPELINES = {
    "pipelines.normalize.NormalizePipeline": 100,
    "pipelines.validate.ValidatePipeline": 200,
    "pipelines.store.StorePipeline": 300,
    "pipelines.snapshots.SnapshotsPipeline": 400,
    "pipelines.publish.PublishPipeline": 500,
}

# The archive, which a worker of its own fills; no store expires what it has.
FILES_STORE = _environment.archive_url
FILES_EXPIRES = 365 * 100
FILES_STORE_S3_ACL = "bucket-owner-full-control"  # the one that buckets without ACLs accept

# What our own components read, typed.
TIKTOK_ENVIRONMENT = _environment
