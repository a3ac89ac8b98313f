"""Scrapy's settings for spiders that use a browser, and which addresses it may reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from settings.env import HOW_TO_GET_CHROMIUM, SettingsError, offer

if TYPE_CHECKING:
    from playwright.async_api import Request
    from scrapy.settings import BaseSettings

    from settings.env import Environment

TABS = 4
"""How many pages a browser has open at once."""
NAVIGATION_MS = 30_000
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-software-rasterizer",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    # Fewer processes: of four tabs each would otherwise bring two that nobody sees.
    "--in-process-gpu",
    "--no-unsandboxed-zygote",
    "--js-flags=--max-semi-space-size=1",
)
_DISABLED = (
    # Processes of their own: one held ready, and the address bar's suggestions of each window.
    *("SpareRendererForSitePerProcess", "WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
    # What Playwright switches off. Chromium heeds the last of such lists alone, so that this one
    # takes the place of Playwright's own.
    *("AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync"),
    *("DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades"),
    *("LensOverlay", "MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints"),
    *("PaintHolding", "PreconnectToSearch", "ThirdPartyStoragePartitioning"),
)
_ENABLED = (
    # One process less.
    "NetworkServiceInProcess2",
    # What Playwright switches on.
    *("CDPScreenshotNewSurface", "SkipListAccountsWithoutGaiaCookies"),
)
_DRIVER_OPTIONS = "--max-semi-space-size=1 --max-old-space-size=64 --v8-pool-size=1"
"""For Node, which runs Playwright's driver: it passes on what pages fetch, and keeps little."""
_STATIC_HOSTS = (".ttwstatic.com",)
"""Where TikTok's pages have their scripts from."""
_HEAVY = frozenset({"image", "media", "font"})
_HANDLER = "crawler.browser.downloading.BrowserDownloadHandler"


class Reach:
    """The hosts that a browser may reach: the site's own, and those of its media and scripts."""

    def __init__(self, environment: Environment) -> None:
        words = [word.lower() for word in (*environment.tiktok_media_hosts, *_STATIC_HOSTS)]
        site = urlsplit(environment.tiktok_url).netloc.lower()
        self._servers = frozenset({site, *(word for word in words if ":" in word)})
        self._has_tunnels = bool(environment.proxy_urls)
        self._suffixes = tuple(f".{word.removeprefix('.')}" for word in words if ":" not in word)

    def has(self, address: str) -> bool:
        """Whether an address may be asked."""
        try:
            parts = urlsplit(address)
            host = (parts.hostname or "").lower()
            server = f"{host}:{parts.port}" if parts.port else host
        except ValueError:
            return False
        if parts.scheme in {"data", "blob", "about"}:
            return True
        return server in self._servers or f".{host}".endswith(self._suffixes)

    @property
    def resolver_rules(self) -> str:
        """The same for Chromium's own resolver: no other name has an address.

        With proxies the way to them is all that it looks up: see ``tunnels``.
        """
        names = ["127.0.0.1"] if self._has_tunnels else []
        names += [urlsplit(f"//{server}").hostname or "" for server in sorted(self._servers)]
        names += [f"*{suffix}" for suffix in self._suffixes]
        names += [suffix.removeprefix(".") for suffix in self._suffixes]
        return ", ".join(("MAP * ~NOTFOUND", *(f"EXCLUDE {name}" for name in names)))

    def aborts(self, request: Request) -> bool:
        """Whether a request of a page is refused: for its host, or because it only costs memory."""
        return request.resource_type in _HEAVY or not self.has(request.url)


def use_browser(settings: BaseSettings) -> None:
    """Have a spider's pages fetched by Chromium.

    Raises:
        SettingsError: there is no Chromium.
    """
    environment: Environment = settings["TIKTOK_ENVIRONMENT"]
    offer("NODE_OPTIONS", _DRIVER_OPTIONS)
    for name, value in _settings(environment).items():
        settings.set(name, value, priority="spider")


def launch_options(environment: Environment) -> dict[str, Any]:
    """How Chromium is started.

    Raises:
        SettingsError: there is none.
    """
    if environment.chromium is None:
        raise SettingsError(f"CHROMIUM_PATH: no Chromium is found: {HOW_TO_GET_CHROMIUM}")
    return {
        "executable_path": str(environment.chromium),
        "headless": not environment.chromium_headed,
        "args": [
            *_FLAGS,
            f"--disable-features={','.join(_DISABLED)}",
            f"--enable-features={','.join(_ENABLED)}",
            f"--host-resolver-rules={Reach(environment).resolver_rules}",
        ],
        # Signals are the worker's: it closes the browser once its lists are put back.
        "handle_sigint": False,
        "handle_sigterm": False,
        "handle_sighup": False,
    }


def _settings(environment: Environment) -> dict[str, Any]:
    scheme = urlsplit(environment.tiktok_url).scheme
    return {
        # For one scheme only: each handler would have a driver and a browser of its own.
        "DOWNLOAD_HANDLERS": dict.fromkeys(("http", "https")) | {scheme: _HANDLER},
        "CONCURRENT_REQUESTS": TABS,
        "CONCURRENT_REQUESTS_PER_DOMAIN": TABS,
        "PLAYWRIGHT_BROWSER_TYPE": "chromium",
        "PLAYWRIGHT_LAUNCH_OPTIONS": launch_options(environment),
        "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": NAVIGATION_MS,
        "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": TABS,
        "PLAYWRIGHT_ABORT_REQUEST": Reach(environment).aborts,
        # The browser's own headers, not Scrapy's.
        "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": None,
    }
