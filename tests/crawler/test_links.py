from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.errors import Reason
from crawler.links import (
    EXPECTED_FORM,
    MAX_HOPS,
    LinkError,
    ShortLinkError,
    Target,
    TargetType,
    canonical_url,
    created_at_from_id,
    follow,
    parse_link,
)

ID = "7300000000000000001"
LIST_ID = "7220000000000000001"
TIKTOK = "https://www.tiktok.com"
SITE = "http://127.0.0.1:9000"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def video(username: str | None = None) -> Target:
    return Target(type=TargetType.VIDEO, value=ID, username=username)


def short(code: str = "ZMsample1") -> Target:
    return Target(type=TargetType.SHORT, value=code)


def user(name: str) -> Target:
    return Target(type=TargetType.USER, value=name)


def hashtag(name: str) -> Target:
    return Target(type=TargetType.HASHTAG, value=name)


POSTS = {
    f"{TIKTOK}/@mara.bakes07/video/{ID}": "mara.bakes07",
    f"{TIKTOK}/@mara.bakes07/video/{ID}/": "mara.bakes07",
    f"{TIKTOK}/@mara.bakes07/video/{ID}//": "mara.bakes07",
    f"{TIKTOK}/@mara.bakes07/video/{ID}?is_from_webapp=1&sender_device=pc": "mara.bakes07",
    f"{TIKTOK}/@mara.bakes07/video/{ID}?q=a%5Cb#comments": "mara.bakes07",
    f"{TIKTOK}/@mara.bakes07/video/{ID}#comments": "mara.bakes07",
    f"{TIKTOK}/@mara.bakes07/photo/{ID}": "mara.bakes07",
    f"{TIKTOK}/@mara-bakes/video/{ID}": "mara-bakes",
    f"{TIKTOK}/@m/video/{ID}": "m",
    f"{TIKTOK}/@/video/{ID}": None,
    f"{TIKTOK}/@_/video/{ID}": None,
    f"{TIKTOK}/@%0D%0AX/video/{ID}": None,
    f"{TIKTOK}/@{'a' * 81}/video/{ID}": None,
    f"{TIKTOK}/en/@mara.bakes07/video/{ID}": "mara.bakes07",
    f"{TIKTOK}/zh-Hant/@mara.bakes07/video/{ID}": "mara.bakes07",
    f"https://tiktok.com/@mara.bakes07/video/{ID}": "mara.bakes07",
    f"https://m.tiktok.com/@mara.bakes07/video/{ID}": "mara.bakes07",
    f"https://us.tiktok.com/@mara.bakes07/video/{ID}": "mara.bakes07",
    f"https://lite.tiktok.com/@mara.bakes07/video/{ID}": "mara.bakes07",
    f"http://www.tiktok.com/@mara.bakes07/video/{ID}": "mara.bakes07",
    f"HTTPS://WWW.TikTok.COM/@mara.bakes07/VIDEO/{ID}": "mara.bakes07",
    f"www.tiktok.com/@mara.bakes07/video/{ID}": "mara.bakes07",
    f"tiktok.com/@mara.bakes07/video/{ID}?lang=en": "mara.bakes07",
    f"  {TIKTOK}/@mara.bakes07/video/{ID}\r\n": "mara.bakes07",
    f"https://m.tiktok.com/share/video/{ID}": None,
    f"https://www.tiktok.com/share/video/{ID}/": None,
    f"https://www.tiktokv.com/share/video/{ID}/": None,
    f"https://m.tiktokv.com/share/photo/{ID}?lang=en": None,
    f"https://tiktokv.com/share/video/{ID}": None,
    f"https://m.tiktok.com/v/{ID}.html": None,
    f"https://m.tiktok.com/v/{ID}.html?u_code=sample": None,
    f"https://m.tiktok.com/v/{ID}": None,
    f"https://tiktok.com/embed/{ID}": None,
    f"{TIKTOK}/embed/v2/{ID}?lang=en": None,
    f"{TIKTOK}/embed/v3/{ID}": None,
    f"{TIKTOK}/player/v1/{ID}?music_info=1&description=1": None,
    f"{TIKTOK}/video/{ID}": None,
    f"{TIKTOK}/foryou?is_copy_url=1&item_id={ID}": None,
    f"{TIKTOK}/trending?shareId={ID}": None,
    f"{TIKTOK}/explore/?share_item_id={ID}": None,
    f"{TIKTOK}/?item_id=none&shareId={ID}": None,
    f"{TIKTOK}?item_id={ID}": None,
}
OTHERS = {
    "https://vm.tiktok.com/ZMsample1/": short(),
    "https://vm.tiktok.com/ZMsample1": short(),
    "https://vt.tiktok.com/ZMsample1/?k=1": short(),
    "https://www.vm.tiktok.com/t/ZMsample1": short(),
    "vt.tiktok.com/ZM-sa_ple1": short("ZM-sa_ple1"),
    f"{TIKTOK}/t/ZMsample1//": short(),
    "https://m.tiktok.com/t/ZMsample1/": short(),
    "tiktok.com/t/ZMsample1": short(),
    f"{TIKTOK}/@mara.bakes07": user("mara.bakes07"),
    f"{TIKTOK}/@mara.bakes07/?lang=en": user("mara.bakes07"),
    f"{TIKTOK}/en/@mara.bakes07": user("mara.bakes07"),
    f"{TIKTOK}/embed/@mara.bakes07": user("mara.bakes07"),
    f"{TIKTOK}/@107955": user("107955"),
    f"{TIKTOK}/@MS4wLjABAAAA{'aB3_-' * 12}": user(f"MS4wLjABAAAA{'aB3_-' * 12}"),
    f"{TIKTOK}/@m%C3%A4ra": user("mära"),
    f"{TIKTOK}/tag/cooking": hashtag("cooking"),
    f"{TIKTOK}/tag/fyp%E3%82%B7?is_copy_url=0": hashtag("fypシ"),
    f"{TIKTOK}/tag/fypシ": hashtag("fypシ"),
    f"{TIKTOK}/tag/料理": hashtag("料理"),
    f"{TIKTOK}/embed/tag/cooking": hashtag("cooking"),
    f"{TIKTOK}/music/Copper-Moon-6800000000000000100": Target(
        type=TargetType.MUSIC, value="6800000000000000100"
    ),
    f"{TIKTOK}/music/-6800000000000000100?lang=en": Target(
        type=TargetType.MUSIC, value="6800000000000000100"
    ),
    f"{TIKTOK}/embed/music/Copper-68000": Target(type=TargetType.MUSIC, value="68000"),
    f"{TIKTOK}/@mara.bakes07/playlist/Bread%20Tips-{LIST_ID}": Target(
        type=TargetType.PLAYLIST, value=LIST_ID, username="mara.bakes07"
    ),
    f"{TIKTOK}/@mara.bakes07/collection/Bread-{LIST_ID}?lang=en": Target(
        type=TargetType.COLLECTION, value=LIST_ID, username="mara.bakes07"
    ),
    f"{TIKTOK}/@mara.bakes07/live": Target(type=TargetType.LIVE, value="mara.bakes07"),
    "https://m.tiktok.com/share/live/7300000000000000002": Target(
        type=TargetType.LIVE, value="7300000000000000002"
    ),
    f"{TIKTOK}/sticker/Glow-412": Target(type=TargetType.EFFECT, value="412"),
    f"{TIKTOK}/effect/412": Target(type=TargetType.EFFECT, value="412"),
    f"{TIKTOK}/search?q=sour%20dough": Target(type=TargetType.SEARCH, value="sour dough"),
    f"{TIKTOK}/search/video?lang=en&q=brød": Target(type=TargetType.SEARCH, value="brød"),
}
SHARE_TEXTS = (
    "Check out Mara's video! #TikTok > {}",
    "Check out Mara's video!\n#bread #sourdough\n{}\nShared from TikTok",
    "Watch this ({}), then call me.",
    "Look: {}!",
    "“{}”",
    "[a video]({})",
    "<{}>",
    "Échale un vistazo: «{}»",
    "看看这个视频：{}，太好笑了！",
    "快看{}。",
    "【{}】",
    "この動画を見て！「{}」",
    "이 영상 보세요 {} ㅋㅋ",
    "شاهد هذا الفيديو {}؟",
    "\u2068{}\u2069",
    "{}\ufeff",
    "देखो {}।",
    "ดูนี่ {} 555",
    "Link:{} 🔥🔥",
)
REFUSED = (
    "",
    "   ",
    "tiktok",
    "tiktok.com",
    "a video on tiktok.com. Look!",
    "@mara.bakes07",
    ID,
    "https://",
    TIKTOK,
    f"{TIKTOK}/?_r=1",
    f"{TIKTOK}/foryou",
    f"{TIKTOK}/foryou?item_id=",
    f"{TIKTOK}/foryou?{'a=1&' * 200}",
    f"{TIKTOK}/foryou?item_id={'1' * 21}",
    f"{TIKTOK}/about",
    f"{TIKTOK}/search",
    f"{TIKTOK}/search?q=a%0D%0Ab",
    f"{TIKTOK}/tag/a%00b",
    f"{TIKTOK}/@a%0D%0AX-Header:%20b",
    f"{TIKTOK}/@mara.bakes07/video/abc",
    f"{TIKTOK}/@mara.bakes07/video/",
    f"{TIKTOK}/@mara.bakes07/video/{ID}abc",
    f"{TIKTOK}/@mara.bakes07/video/{'1' * 21}",
    f"{TIKTOK}/@mara.bakes07/video/１２３４５６７",
    f"{TIKTOK}/@mara.bakes07/video/{ID[:-1]}１",
    f"{TIKTOK}/@mara.bakes07/video/٧٣٠٠٠٠٠",
    f"{TIKTOK}/foryou?item_id=٧٣٠٠٠٠٠",
    f"{TIKTOK}/@mara.bakes07/video/{ID[:9]}…",
    f"{TIKTOK}/@mara.bakes07/video/{ID[:9]}...",
    f"{TIKTOK}/t/abc",
    f"{TIKTOK}/t/{'a' * 21}",
    "https://vm.tiktok.com/",
    f"https://eviltiktok.com/@mara.bakes07/video/{ID}",
    f"eviltiktok.com/@mara.bakes07/video/{ID}",
    f"https://evil-tiktok.com/@mara.bakes07/video/{ID}",
    f"https://tiktok.com.attacker.net/@mara.bakes07/video/{ID}",
    f"tiktok.com.attacker.net/@mara.bakes07/video/{ID}",
    f"https://evildouyin.com/video/{ID}",
    f"https://tiktok.com@evil.net/@mara.bakes07/video/{ID}",
    f"https://evil.net@tiktok.com/@mara.bakes07/video/{ID}",
    f"https://me:pass@www.tiktok.com/@mara.bakes07/video/{ID}",
    f"me@tiktok.com/@mara.bakes07/video/{ID}",
    f"https://www.tiktok.com:443/@mara.bakes07/video/{ID}",
    f"https://www.tiktok.com:/@mara.bakes07/video/{ID}",
    f"tiktok.com:8080/@mara.bakes07/video/{ID}",
    f"https://www.tiktok.com./@mara.bakes07/video/{ID}",
    f"https://www.tiktok.com%2eevil.net/@mara.bakes07/video/{ID}",
    f"https://www%2Etiktok%2Ecom/@mara.bakes07/video/{ID}",
    f"https://www.tiktoк.com/@mara.bakes07/video/{ID}",
    f"https://www.ti\u212atok.com/@mara.bakes07/video/{ID}",
    f"ti\u212atok.com/@mara.bakes07/video/{ID}",
    f"https://www.ｔｉｋｔｏｋ.com/@mara.bakes07/video/{ID}",
    f"https://www.tiktok。com/@mara.bakes07/video/{ID}",
    f"https://www.tiktok.com。evil.net/@mara.bakes07/video/{ID}",
    f"https://www.xn--tikto-jvd.com/@mara.bakes07/video/{ID}",
    f"https://tik\u200btok.com/@mara.bakes07/video/{ID}",
    f"https://files.tiktok.com/@mara.bakes07/video/{ID}",
    f"https://[::1/@mara.bakes07/video/{ID}",
    f"https://127.0.0.1/@mara.bakes07/video/{ID}",
    f"https://evil.net/tiktok.com/@mara.bakes07/video/{ID}",
    f"https://evil.net/?next={TIKTOK}/@mara.bakes07/video/{ID}",
    f"evil.net/?next={TIKTOK}/@mara.bakes07/video/{ID}",
    f"https://evil.net {TIKTOK}/@mara.bakes07/video/{ID}",
    f"ftp://www.tiktok.com/@mara.bakes07/video/{ID}",
    f"file://www.tiktok.com/@mara.bakes07/video/{ID}",
    f"shttps://www.tiktok.com/@mara.bakes07/video/{ID}",
    f"//www.tiktok.com/@mara.bakes07/video/{ID}",
    f"https:\\\\www.tiktok.com/@mara.bakes07/video/{ID}",
    f"https://www.tiktok.com\\@evil.net/@mara.bakes07/video/{ID}",
    f"https://evil.net\\@www.tiktok.com/@mara.bakes07/video/{ID}",
    f"{TIKTOK}/@mara.bakes07\\video\\{ID}",
    f"{TIKTOK}/@mara.bakes07/video/{ID}?a=\\",
    f"{TIKTOK}/@mara.bakes07/video/{ID}\r\nX-Header: a",
    f"{TIKTOK}/@mara.bakes07/video/{ID}\x00",
    f"\x1c{TIKTOK}/@mara.bakes07/video/{ID}",
    f"{TIKTOK}/@mara.bakes07\t/video/{ID}",
    f"{TIKTOK}/@mara.bakes07/vid\neo/{ID}",
    f"{TIKTOK}/@mara.bakes07/video/{ID}\x85",
    f"{TIKTOK}/tag/\ud800",
)


@pytest.mark.parametrize(("link", "username"), POSTS.items())
def test_every_form_of_a_posts_link_leads_to_the_post(link: str, username: str | None) -> None:
    assert parse_link(link) == video(username)


@pytest.mark.parametrize(("link", "target"), OTHERS.items())
def test_every_other_form_of_link_leads_to_its_target(link: str, target: Target) -> None:
    assert parse_link(link) == target


@pytest.mark.parametrize("share_text", SHARE_TEXTS)
@pytest.mark.parametrize(
    ("link", "target"),
    [
        (f"{TIKTOK}/@mara.bakes07/video/{ID}", video("mara.bakes07")),
        ("https://vm.tiktok.com/ZMsample1/", short()),
    ],
)
def test_a_link_is_found_in_a_share_text(share_text: str, link: str, target: Target) -> None:
    assert parse_link(share_text.format(link)) == target


@pytest.mark.parametrize(
    "text",
    [
        "https://vm.tiktok.com/ZMsample1/看看这个",
        "vm.tiktok.com/ZMsample1/を見て",
        "Look (vm.tiktok.com/ZMsample1).",
        "I saw it on tiktok.com: https://vm.tiktok.com/ZMsample1/",
        "I saw it on tiktok.com: vm.tiktok.com/ZMsample1",
        "https://vm.tiktok.com/ZMsample1/ Get TikTok Lite: https://vm.tiktok.com/ZMother22/",
        "¯\\_(ツ)_/¯ https://vm.tiktok.com/ZMsample1",
    ],
)
def test_the_first_link_counts_whatever_stands_around_it(text: str) -> None:
    assert parse_link(text) == short()


def test_a_link_shortened_behind_its_id_is_whole_enough() -> None:
    assert parse_link(f"See {TIKTOK}/@mara.bakes07/video/{ID}?is_from…") == video("mara.bakes07")


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_what_is_no_tiktok_link_is_refused(text: str) -> None:
    with pytest.raises(LinkError) as caught:
        parse_link(text)

    assert caught.value.reason is None


@pytest.mark.parametrize(
    "link",
    [
        "https://www.douyin.com/video/7300000000000000001",
        "https://v.douyin.com/iSample1/",
        "v.douyin.com/iSample1/",
        "https://www.iesdouyin.com/share/video/7300000000000000001/",
        "iesdouyin.com/share/video/7300000000000000001/",
    ],
)
def test_a_link_of_the_sister_site_is_refused_as_unsupported(link: str) -> None:
    with pytest.raises(LinkError, match="douyin") as caught:
        parse_link(link)

    assert caught.value.reason is Reason.UNSUPPORTED_URL


@pytest.mark.parametrize("text", ["hello", "https://example.com/", f"{TIKTOK}/about"])
def test_a_refusal_says_what_a_link_looks_like(text: str) -> None:
    with pytest.raises(LinkError, match=EXPECTED_FORM):
        parse_link(text)


@pytest.mark.parametrize("lead", ["a" * 2048 + " ", ""])
def test_a_text_of_more_than_2048_characters_is_refused(lead: str) -> None:
    link = f"{TIKTOK}/@mara.bakes07/video/{ID}?q="
    with pytest.raises(LinkError, match="2048"):
        parse_link(lead + link + "a" * (2049 - len(link)))


def test_a_text_of_2048_characters_is_read() -> None:
    link = f"{TIKTOK}/@mara.bakes07/video/{ID}?q="

    assert parse_link(link + "a" * (2048 - len(link))) == video("mara.bakes07")


FRAGMENTS = st.sampled_from(
    [
        *(f"{scheme}{host}" for scheme in ("", "https://") for host in ("tiktok.com", "[", "evil")),
        *(
            "https://vm.tiktok.com/",
            "m.tiktok.com",
            "/@a",
            "/@",
            "/video/",
            ID,
            "/tag/",
            "/music/-",
        ),
        *("/search?q=", "?item_id=", "/t/", "abcde", "%0d", "%ff", "%", "#", "&", ":", "@", "\\"),
        *("…", "。", "シ", "\u212a", "\ud800", "\n", "\r", "\x00", " ", ".", "...", "/"),
    ]
)
TEXTS = st.text() | st.lists(FRAGMENTS | st.characters(), max_size=10).map("".join)


@given(TEXTS)
@example(f"{TIKTOK}/?" + "&" * 2000)
def test_any_text_is_either_a_target_with_a_plain_path_or_refused(text: str) -> None:
    try:
        target = parse_link(text)
    except LinkError as error:
        assert str(error)  # noqa: PT017 - most texts are refused, and each refusal must speak
        return
    parts = urlsplit(TIKTOK + target.page_path)

    assert parts.netloc == "www.tiktok.com"
    assert target.page_path.isascii()
    assert target.page_path.isprintable()
    assert not set(target.page_path) & set(' \\"<>#')


@given(
    st.from_regex(r"[1-9][0-9]{0,19}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9_.\-]{1,80}", fullmatch=True).filter(lambda name: name != "_"),
    st.booleans(),
)
def test_a_canonical_address_leads_back_to_its_post(
    video_id: str, username: str, is_photo: bool
) -> None:
    url = canonical_url(video_id, username=username, is_photo=is_photo)

    assert parse_link(url) == Target(type=TargetType.VIDEO, value=video_id, username=username)


def test_a_canonical_address_names_the_kind_of_post() -> None:
    assert canonical_url(ID, username="mara.bakes07") == f"{TIKTOK}/@mara.bakes07/video/{ID}"
    assert canonical_url(ID, username="mara", is_photo=True) == f"{TIKTOK}/@mara/photo/{ID}"
    assert canonical_url(ID) == f"{TIKTOK}/@_/video/{ID}"


def test_the_username_in_a_link_is_no_part_of_the_posts_identity() -> None:
    keys = {parse_link(link).key for link in POSTS}

    assert keys == {f"video:{ID}"}


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (parse_link(f"{TIKTOK}/@mara.bakes07/photo/{ID}"), f"/@mara.bakes07/video/{ID}"),
        (video(), f"/@_/video/{ID}"),
        (video("a/../b"), f"/@a%2F..%2Fb/video/{ID}"),
        (Target(type=TargetType.COMMENTS, value=ID), f"/@_/video/{ID}"),
        (short(), "/t/ZMsample1"),
        (user("mära/"), "/@m%C3%A4ra%2F"),
        (hashtag("fypシ?"), "/tag/fyp%E3%82%B7%3F"),
        (Target(type=TargetType.MUSIC, value="68"), "/music/-68"),
        (Target(type=TargetType.EFFECT, value="412"), "/sticker/-412"),
        (Target(type=TargetType.LIVE, value="mara"), "/@mara/live"),
        (Target(type=TargetType.SEARCH, value="a&b c"), "/search?q=a%26b%20c"),
        (
            Target(type=TargetType.PLAYLIST, value=LIST_ID, username="mara"),
            f"/@mara/playlist/-{LIST_ID}",
        ),
        (Target(type=TargetType.COLLECTION, value=LIST_ID), f"/@_/collection/-{LIST_ID}"),
    ],
)
def test_each_target_is_fetched_at_its_own_path(target: Target, path: str) -> None:
    assert target.page_path == path


@pytest.mark.parametrize("base", [TIKTOK, SITE, "https://mirror.example.net/tiktok"])
class TestOneHop:
    @pytest.mark.parametrize(
        ("location", "target"),
        [
            (f"{TIKTOK}/@mara/video/{ID}?_r=1&_t=ZM-8sample0", video("mara")),
            (f"{TIKTOK}/@mara/photo/{ID}?_r=1", video("mara")),
            (f"/@mara/video/{ID}?_r=1", video("mara")),
            (f"//www.tiktok.com/@mara/video/{ID}", video("mara")),
            (f"http://WWW.TikTok.com/@mara/video/{ID}", video("mara")),
            (f"https://m.tiktok.com/v/{ID}.html?u_code=sample", video()),
            (f"https://m.tiktokv.com/share/video/{ID}/", video()),
            (f"{TIKTOK}/@mara?_r=1", user("mara")),
            (f"{TIKTOK}/@mara/live", Target(type=TargetType.LIVE, value="mara")),
            (f"{TIKTOK}/tag/cooking?_r=1", hashtag("cooking")),
            (f"{TIKTOK}/tag/fypシ", hashtag("fypシ")),
            (f"{TIKTOK}/music/Moon-68000", Target(type=TargetType.MUSIC, value="68000")),
            (
                f"/@mara/playlist/Bread-{LIST_ID}",
                Target(type=TargetType.PLAYLIST, value=LIST_ID, username="mara"),
            ),
        ],
    )
    def test_leads_to_its_target(self, base: str, location: str, target: Target) -> None:
        assert follow(location, at=f"{base}/t/ZMsample1", base=base) == target

    def test_leads_to_a_target_on_the_host_that_was_asked(self, base: str) -> None:
        location = f"{base}/@mara/video/{ID}?_r=1"

        assert follow(location, at=f"{base}/t/ZMsample1", base=base) == video("mara")

    @pytest.mark.parametrize(
        "location",
        [
            "https://vm.tiktok.com/ZMother22/",
            "https://vt.tiktok.com/ZMother22/?k=1",
            f"{TIKTOK}/t/ZMother22/",
            "/t/ZMother22/",
        ],
    )
    def test_to_another_short_link_is_asked_where_pages_are_fetched(
        self, base: str, location: str
    ) -> None:
        assert follow(location, at=f"{base}/t/ZMsample1", base=base) == f"{base}/t/ZMother22"

    @pytest.mark.parametrize(
        "location",
        ["https://vm.tiktok.com/ZMsample1/", f"{TIKTOK}/t/ZMsample1?_r=1", "/t/ZMsample1/", ""],
    )
    def test_back_to_the_same_short_link_is_dead(self, base: str, location: str) -> None:
        with pytest.raises(ShortLinkError) as caught:
            follow(location, at=f"{base}/t/ZMsample1", base=base)

        assert caught.value.reason is Reason.SHORT_LINK_DEAD

    @pytest.mark.parametrize(
        "location",
        [
            f"{TIKTOK}/?_r=1",
            TIKTOK,
            "/",
            f"{TIKTOK}/about",
            f"https://eviltiktok.com/@mara/video/{ID}",
            f"https://www.tiktok.com.example.net/@mara/video/{ID}",
            f"https://www.tiktok.com@example.net/@mara/video/{ID}",
            f"https://www.tiktok.com:8443/@mara/video/{ID}",
            f"//example.net/@mara/video/{ID}",
            f"https://www.douyin.com/video/{ID}",
            f"ftp://www.tiktok.com/@mara/video/{ID}",
            f"snssdk1233://aweme/detail/{ID}",
            f"javascript:location='{TIKTOK}/@mara/video/{ID}'",
            "http://169.254.169.254/latest/meta-data/",
            f"http://127.0.0.1:9001/@mara/video/{ID}",
            "https://[::1",
            f"{TIKTOK}/@mara/vi\r\ndeo/{ID}",
            f"{TIKTOK}/@mara/video\t/{ID}",
            f"{TIKTOK}\\@example.net/@mara/video/{ID}",
            f"/@mara/video/{ID}?q={'a' * 2048}",
            f"{TIKTOK}/foryou?{'a=1&' * 200}",
        ],
    )
    def test_to_nothing_or_out_of_tiktok_is_dead(self, base: str, location: str) -> None:
        with pytest.raises(ShortLinkError) as caught:
            follow(location, at=f"{base}/t/ZMsample1", base=base)

        assert caught.value.reason is Reason.SHORT_LINK_DEAD

    @pytest.mark.parametrize(
        ("location", "reason"),
        [
            (f"{TIKTOK}/login?redirect_url=https%3A%2F%2Fwww.tiktok.com", Reason.LOGIN_REQUIRED),
            ("/login", Reason.LOGIN_REQUIRED),
            (f"{TIKTOK}/de/login/phone-or-email", Reason.LOGIN_REQUIRED),
            (f"{TIKTOK}/captcha/verify?from=short", Reason.CAPTCHA),
            (f"{TIKTOK}/hk/notfound", Reason.REGION_BLOCKED),
        ],
    )
    def test_to_a_wall_says_which(self, base: str, location: str, reason: Reason) -> None:
        with pytest.raises(ShortLinkError) as caught:
            follow(location, at=f"{base}/t/ZMsample1", base=base)

        assert caught.value.reason is reason

    @given(location=TEXTS)
    def test_never_leads_off_the_host_that_is_asked(self, base: str, location: str) -> None:
        try:
            found = follow(location, at=f"{base}/t/ZMsample1", base=base)
        except ShortLinkError:
            return
        assert isinstance(found, Target) or found.startswith(f"{base}/t/")


@pytest.mark.parametrize(
    ("at", "base"),
    [
        ("http://localhost:9000/t/ZMsample1", "http://LocalHost:9000"),
        ("http://LocalHost:9000/t/ZMsample1", "http://localhost:9000"),
    ],
)
def test_a_host_is_the_same_in_capital_letters(at: str, base: str) -> None:
    assert follow("/@mara", at=at, base=base) == user("mara")


def test_a_hop_from_an_address_elsewhere_is_dead() -> None:
    with pytest.raises(ShortLinkError):
        follow("/@mara", at="https://example.net/t/ZMsample1", base=SITE)


def test_hops_between_two_short_links_are_cut_off_by_their_number() -> None:
    there, back = f"{SITE}/t/ZMsample1", f"{SITE}/t/ZMother22"
    addresses = [there]
    for _ in range(MAX_HOPS):
        location = back if addresses[-1] == there else there
        found = follow(location, at=addresses[-1], base=SITE)
        assert isinstance(found, str)
        addresses.append(found)

    assert addresses == [there, back, there, back, there]


@pytest.mark.parametrize(
    "created_at",
    [datetime(2016, 9, 1, tzinfo=UTC), datetime(2023, 10, 31, 4, 53, 20, tzinfo=UTC), NOW],
)
def test_a_posts_id_tells_when_it_was_made(created_at: datetime) -> None:
    video_id = str((int(created_at.timestamp()) << 32) + 123_456)

    assert created_at_from_id(video_id, now=NOW) == created_at


@pytest.mark.parametrize(
    ("created_at", "is_told"),
    [
        (datetime(2016, 8, 31, 23, 59, 59, tzinfo=UTC), False),
        (NOW + timedelta(days=1), True),
        (NOW + timedelta(days=1, seconds=1), False),
    ],
)
def test_a_time_outside_tiktoks_life_is_not_told(created_at: datetime, is_told: bool) -> None:
    video_id = str(int(created_at.timestamp()) << 32)

    assert (created_at_from_id(video_id, now=NOW) is not None) is is_told


@given(st.text() | st.from_regex(r"\d{1,25}", fullmatch=True))
@example("107955")
@example("9" * 20)
@example("٧٣٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠١")
def test_any_other_id_tells_a_time_within_the_window_or_none(video_id: str) -> None:
    created_at = created_at_from_id(video_id, now=NOW)

    assert created_at is None or datetime(2016, 9, 1, tzinfo=UTC) <= created_at <= NOW + timedelta(
        days=1
    )
