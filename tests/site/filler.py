"""What surrounds the data on every page: texts, experiments, scripts; of the real sizes.

The texts name captchas, logins and waiting, as TikTok's own translations do, so that a crawler
which only looks for such words takes a served page for a wall.
"""

from __future__ import annotations

from random import Random
from typing import Any

Json = dict[str, Any]

_TEXTS = (
    "Log in to follow creators, like videos, and view comments.",
    "Please wait... we are loading your feed",
    "Drag the slider to fit the puzzle",
    "Verify to continue: the captcha could not be loaded, please refresh",
    "Video currently unavailable",
    "Couldn't find this account",
    "This account is private. Follow it to see its photos and videos.",
    "This post may not be comfortable for some audiences. Log in to make the most of it.",
    "This video isn't available in your country or region",
    "Something went wrong. Refresh the page or try again later.",
    "You have {count} unread messages from {name}",
    "By continuing, you agree to our Terms of Service and acknowledge the Privacy Policy",
    "Share this sound with friends who have not heard it yet",
    "Access Denied: ask the owner of this playlist for an invitation",
)
_WORDS = (
    "profile", "feed", "creator", "sound", "comment", "share", "upload", "inbox",
    "search", "live", "setting", "privacy", "coin", "shop", "caption", "effect",
)  # fmt: skip


def texts(*, characters: int) -> Json:
    """The scope of translations, at least so many characters long."""
    rng = Random(1)
    table: dict[str, str] = {}
    size = 0
    while size < characters:
        key = f"webapp_{rng.choice(_WORDS)}_{rng.choice(_WORDS)}_{len(table):04d}"
        table[key] = f"{rng.choice(_TEXTS)} ({rng.choice(_WORDS)} {rng.choice(_WORDS)})"
        size += len(key) + len(table[key]) + 6
    return {"Webapp": table}


def app_context(*, characters: int) -> Json:
    """The viewer's own scope; its region is never the post's."""
    rng = Random(2)
    experiments = {
        f"{rng.choice(_WORDS)}_{rng.choice(_WORDS)}_{number}": {"vid": f"v{rng.randrange(9)}"}
        for number in range(characters // 40)
    }
    return {
        "language": "en",
        "region": "NL",
        "appId": 1988,
        "appType": "t",
        "wid": "7420000000000000001",
        "webIdCreatedTime": "1729000000",
        "odinId": "7420000000000000002",
        "nonce": "Zy0sample_nonce",
        "botType": "others",
        "requestId": "20250101000000ABCDEF",
        "clusterRegion": "ALL_SG",
        "abTestVersion": {"versionName": "70000001,70000002", "parameters": experiments},
        "csrfToken": "sample-token",
        "userAgent": "Mozilla/5.0",
        "encryptedWebid": "",
        "host": "www.tiktok.com",
    }


def biz_context(*, characters: int) -> Json:
    """The site's own configuration: links, menus, domains."""
    rng = Random(3)
    links = [
        {"title": f"{rng.choice(_WORDS)} {number}", "href": f"/about/{rng.choice(_WORDS)}-{number}"}
        for number in range(characters // 52)
    ]
    return {
        "os": "linux",
        "isMobile": False,
        "isAndroid": False,
        "isIOS": False,
        "jumpType": "",
        "navList": links,
        "config": {"featureFlags": {"feature_bar": True}, "covidBanner": {}},
        "domains": {"root": "tiktok.com", "captcha": "verification.tiktok.com"},
        "downloadLink": {"apple": "/download", "google": "/download"},
    }


def scripts(*, characters: int) -> str:
    """Script elements of the head, the captcha's loader among them."""
    rng = Random(4)
    parts = [
        '<script id="api-domains" type="application/json">{"rootApi":"www.tiktok.com"}</script>',
        '<script id="slardar-config" type="application/json">{"bid":"tiktok_webapp"}</script>',
        '<script src="/static/captcha/loader.js" crossorigin="anonymous" defer></script>',
    ]
    while sum(map(len, parts)) < characters:
        body = ";".join(
            f"window.__{rng.choice(_WORDS)}_{number}=function(){{return {number}}}"
            for number in range(40)
        )
        parts.append(f'<script nonce="Zy0sample_nonce">{body}</script>')
    return "".join(parts)


def markup(*, characters: int) -> str:
    """The skeleton of the page's body: a side bar and empty cards."""
    rng = Random(5)
    parts = ['<div id="app"><div class="css-1fd-DivBodyContainer"><button>Log in</button>']
    while sum(map(len, parts)) < characters:
        word = rng.choice(_WORDS)
        parts.append(
            f'<div class="css-{rng.randrange(10**6)}-Div{word.title()}Card e1{word}0">'
            f'<a href="/{word}"><span class="css-skeleton">{word}</span></a></div>'
        )
    return "".join([*parts, "</div></div>"])
