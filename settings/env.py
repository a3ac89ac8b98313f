"""The one reader of the environment: every variable that an operator can set, typed and checked.

Names, defaults and meanings are the operator's interface; nothing else in the project reads
``os.environ``.
"""

from __future__ import annotations

import os
import re
import shutil
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from settings.mounted import MountedSecrets

if TYPE_CHECKING:
    from collections.abc import Iterator

TIKTOK_URL = "https://www.tiktok.com"
TIKTOK_MEDIA_HOSTS = (
    ".tiktok.com",
    ".tiktokcdn.com",
    ".tiktokcdn-us.com",
    ".tiktokcdn-eu.com",
    ".muscdn.com",
)
MOST_PAGES = 256
"""How many pages a worker has under way at most however many egresses there are: it holds each."""
HOW_TO_GET_CHROMIUM = "install Debian's package chromium, or set CHROMIUM_PATH to a Chromium's path"
WILDCARD_HOSTS = frozenset({"0.0.0.0", "::", "*"})  # noqa: S104 - recognised, not bound


_HOST = r"(?:\[[^\]]+\]|[^:/@\[\],?]+)(?::\d{1,5})?"
_HOSTS = re.compile(f"{_HOST}(?:,{_HOST})*")
_MOST_DAYS = 36_500
_HOLD_SECRETS = frozenset(
    {"mongodb_uri", "redis_url", "proxy_urls", "archive_url"}
    | {"secret_key", "erasure_key", "admin_token", "rapidapi_proxy_secret"}
)


class SettingsError(Exception):
    """A variable of the environment cannot be used; the text says which one and what to write."""


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _http_address(value: str) -> str:
    address = value.rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http:// or https:// address")
    return address


def _two_at_most(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(values) > 2:
        raise ValueError("must be one value, or the new and the old one while it changes")
    return values


def _days(value: object) -> object:
    """Collections with days, from ``comments=90,video_statistics=365``."""
    if not isinstance(value, str):
        return value
    pairs = [part.strip().partition("=") for part in value.split(",") if part.strip()]
    if not all(
        name and days.isdecimal() and 0 < int(days) <= _MOST_DAYS for name, _, days in pairs
    ):
        raise ValueError("must be collections with days, such as comments=90,video_statistics=365")
    return tuple({name: (name, int(days)) for name, _, days in pairs}.values())


def _server(*schemes: str) -> AfterValidator:
    """Holds for an address of servers; what is wrong is said without a word of it."""

    def check(value: str) -> str:
        scheme, _, rest = value.partition("://")
        hosts = re.split(r"[/?]", rest, maxsplit=1)[0].rpartition("@")[2]
        is_well = hosts == "" if scheme == "unix" else _HOSTS.fullmatch(hosts)
        if scheme not in schemes or not is_well:
            raise ValueError(
                f"must be an address such as {schemes[0]}://name:password@host:port; in a password"
                " write %40 for @, %3A for : and %2F for /"
            )
        return value

    return AfterValidator(check)


def _password(address: str | None) -> str:
    """The password in an address; empty without one."""
    credentials, at, _ = (address or "").rpartition("://")[2].rpartition("@")
    return credentials.partition(":")[2] if at else ""


def _proxies(addresses: tuple[str, ...]) -> tuple[str, ...]:
    for place, address in enumerate(addresses, start=1):
        try:
            parts = urlsplit(address)
            is_good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        except ValueError:
            is_good = False
        if not is_good:
            # An address can hold a password, so the text names its place alone.
            raise ValueError(f"proxy {place} of the list must be http://[user:password@]host:port")
    return addresses


def _archive_address(value: str) -> str:
    """An absolute path without a slash at its end, or ``s3://bucket/`` with a prefix's slash."""
    scheme, mark, rest = value.partition("://")
    if not mark and ":" not in value.partition("/")[0]:
        return str(Path(value).absolute())
    if scheme == "file" and rest.startswith("/"):
        return str(Path(unquote(rest)))
    bucket, _, prefix = rest.partition("/")
    if scheme == "s3" and bucket:
        return f"s3://{bucket}/" + (f"{prefix.strip('/')}/" if prefix.strip("/") else "")
    raise ValueError("must be a folder, file:///folder or s3://bucket/prefix")


HttpAddress = Annotated[str, AfterValidator(_http_address)]
ArchiveAddress = Annotated[str, AfterValidator(_archive_address)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_split)]
MongoAddress = Annotated[str, _server("mongodb", "mongodb+srv")]
RedisAddress = Annotated[str, _server("redis", "rediss", "unix")]
TwoWords = Annotated[Words, AfterValidator(_two_at_most)]
Proxies = Annotated[Words, AfterValidator(_proxies)]
Days = Annotated[tuple[tuple[str, int], ...], NoDecode, BeforeValidator(_days)]
Seconds = Annotated[float, Field(gt=0)]


class Environment(BaseSettings):
    """All settings of one process, read once at its door."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    mongodb_uri: MongoAddress | None = None
    redis_url: RedisAddress | None = None
    data_dir: Path = Path("data")
    mongodb_cache_gb: float = Field(default=0.25, ge=0.25)

    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8080, ge=1, le=65535)
    api_processes: int = Field(default=1, ge=1)
    api_drain_s: float = Field(default=0, ge=0)
    api_connections: int = Field(default=4096, ge=1)
    api_connections_per_address: int = Field(default=512, ge=1)
    public_url: HttpAddress | None = None

    tiktok_url: HttpAddress = TIKTOK_URL
    tiktok_media_hosts: Words = TIKTOK_MEDIA_HOSTS
    crawl_workers: int = Field(default=1, ge=0)
    browser_workers: int | None = Field(default=None, ge=0)
    extract_timeout_s: Seconds = 10
    cache_ttl_s: int = Field(default=3600, gt=0)
    proxy_urls: Proxies = ()

    secret_key: str | None = None
    erasure_key: str | None = None
    admin_token: str | None = Field(default=None, min_length=16)
    rapidapi_proxy_secret: TwoWords = ()
    trusted_proxies: Networks = ()
    require_https: bool = False
    chromium_path: Path | None = None
    chromium_headed: bool = False

    secrets_dir: Path | None = None

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    webhook_allow_networks: Networks = ()
    backoff_first_s: Seconds = 60
    backoff_max_s: Seconds = 1800
    breaker_blocks: int = Field(default=5, ge=1)
    breaker_window_s: Seconds = 600
    egress_concurrency: int = Field(default=64, ge=1)
    egress_delay_s: float = Field(default=0, ge=0)
    autothrottle_enabled: bool = False
    autothrottle_target_concurrency: float = Field(default=8, gt=0)
    job_claim_s: Seconds = 5
    job_attempts: int = Field(default=3, ge=1)
    crawl_error_share: float = Field(default=0.5, gt=0, le=1)

    upgrade_url: str | None = None
    support_email: str | None = None
    rapidapi_custom_plan: Literal["free", "basic", "pro", "business"] = "free"
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    archive_url: ArchiveAddress | None = None
    metrics_allow_networks: Networks = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
    otel_exporter_otlp_endpoint: str | None = None
    raw_ttl_s: int = Field(default=30 * 24 * 3600, gt=0)
    retention: Days = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """A variable, else the file of its name in ``SECRETS_DIR``."""
        folder = env_settings().get("secrets_dir")
        if folder is not None and not Path(folder).is_dir():
            raise SettingsError(f"SECRETS_DIR: there is no folder {folder}")
        return init_settings, env_settings, MountedSecrets(settings_cls, folder)

    @property
    def secrets(self) -> set[str]:
        """What must not be said anywhere: keys, and the passwords of addresses as they stand."""
        addresses = [self.mongodb_uri, self.redis_url, self.archive_url, *self.proxy_urls]
        keys = [self.secret_key, self.erasure_key, self.admin_token, *self.rapidapi_proxy_secret]
        passwords = [_password(address) for address in addresses]
        return {word for word in (*passwords, *map(unquote, passwords), *keys) if word}

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show the settings that cannot hold a secret."""
        for name, value in super().__repr_args__():
            if name not in _HOLD_SECRETS:
                yield name, value

    @property
    def pages_at_once(self) -> int:
        """How many pages one worker may have under way, through all egresses together."""
        everything = max(1, len(set(self.proxy_urls))) * self.egress_concurrency
        return min(everything, max(self.egress_concurrency, MOST_PAGES))

    @cached_property
    def chromium(self) -> Path | None:
        """The browser to use: the program given, or the one found on PATH, or None."""
        given = [str(self.chromium_path)] if self.chromium_path is not None else []
        programs = map(shutil.which, given or ("chromium", "chromium-browser"))
        found = next(filter(None, programs), None)
        return Path(found) if found else None

    @cached_property
    def browsers(self) -> int:
        """How many workers with a browser are to run: one if there is a browser, unless told.

        Raises:
            SettingsError: some are asked for, and there is no browser.
        """
        if self.browser_workers is None:
            return 1 if self.chromium is not None else 0
        if self.browser_workers and self.chromium is None:
            raise SettingsError(
                f"BROWSER_WORKERS={self.browser_workers}, but no Chromium is found:"
                f" {HOW_TO_GET_CHROMIUM}"
            )
        return self.browser_workers

    @property
    def public_address(self) -> str:
        """The start of every link in answers.

        Raises:
            SettingsError: the API binds a wildcard address and ``PUBLIC_URL`` is not set.
        """
        if self.public_url is not None:
            return self.public_url
        if self.api_host in WILDCARD_HOSTS:
            raise SettingsError(
                f"API_HOST={self.api_host} listens on every address: set PUBLIC_URL to the address"
                " that callers use, such as https://api.example.com"
            )
        host = f"[{self.api_host}]" if ":" in self.api_host else self.api_host
        scheme = "http" if self.tls_cert_file is None else "https"
        return f"{scheme}://{host}:{self.api_port}"


def read_environment() -> Environment:
    """Read and check every variable.

    Raises:
        SettingsError: one or more variables are wrong; the text names each.
    """
    try:
        return Environment()
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in problem['loc'][:1]).upper()}: {problem['msg']}"
            for problem in error.errors()
        ]
        raise SettingsError("; ".join(dict.fromkeys(lines))) from None


def variables(**more: str) -> dict[str, str]:
    """The environment as it was found, for a process of our own, with ``more`` in it."""
    return {**os.environ, **more}


def offer(name: str, value: str) -> None:
    """Give children that a library starts a variable, unless the operator has given one."""
    os.environ.setdefault(name, value)
