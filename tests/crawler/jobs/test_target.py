from __future__ import annotations

import pytest

from crawler.jobs.target import TYPES, TargetError, read_target
from crawler.links import Target, TargetType

ID = "7106594312292453675"
TIKTOK = "https://www.tiktok.com"
POST = f"{TIKTOK}/@someone/video/{ID}"

NAMED = {
    ("video", ID): Target(type=TargetType.VIDEO, value=ID),
    ("video", POST): Target(type=TargetType.VIDEO, value=ID, username="someone"),
    ("video", f"see {POST}?q=1 !"): Target(type=TargetType.VIDEO, value=ID, username="someone"),
    (" Video ", f"\t{ID} "): Target(type=TargetType.VIDEO, value=ID),
    ("video", "https://vm.tiktok.com/ZMsample1/"): Target(type=TargetType.SHORT, value="ZMsample1"),
    ("video", "tiktok.com/t/ZMsample1"): Target(type=TargetType.SHORT, value="ZMsample1"),
    ("comments", ID): Target(type=TargetType.COMMENTS, value=ID),
    ("comments", POST): Target(type=TargetType.COMMENTS, value=ID, username="someone"),
    ("user", "Some.One_7"): Target(type=TargetType.USER, value="some.one_7"),
    ("user", "@someone"): Target(type=TargetType.USER, value="someone"),
    ("user", f"{TIKTOK}/@SomeOne?lang=en"): Target(type=TargetType.USER, value="someone"),
    ("hashtag", "cooking"): Target(type=TargetType.HASHTAG, value="cooking"),
    ("hashtag", "#Cooking"): Target(type=TargetType.HASHTAG, value="cooking"),
    ("hashtag", "#кухня"): Target(type=TargetType.HASHTAG, value="кухня"),
    ("hashtag", f"{TIKTOK}/tag/caf%C3%A9"): Target(type=TargetType.HASHTAG, value="café"),
    ("music", ID): Target(type=TargetType.MUSIC, value=ID),
    ("music", f"{TIKTOK}/music/a-sound-{ID}"): Target(type=TargetType.MUSIC, value=ID),
    ("search", "soup & bread"): Target(type=TargetType.SEARCH, value="soup & bread"),
    ("search", "who is on tiktok.com/"): Target(
        type=TargetType.SEARCH, value="who is on tiktok.com/"
    ),
    ("search", f"{TIKTOK}/search?q=a%20soup"): Target(type=TargetType.SEARCH, value="a soup"),
}
REFUSED = {
    ("post", ID): "the type must be one of video, user, hashtag, music, comments, search",
    (None, ID): "the type must be one of video",
    (7, ID): "the type must be one of video",
    ("short", "ZMsample1"): "the type must be one of video",
    ("user_header", "someone"): "the type must be one of video",
    ("video", 7106594312292453675): "the value must be a string; write ids in quotes",
    ("video", None): "the value must be a string",
    ("video", " \n"): "the value is empty: expected the id of a post",
    ("video", "someone"): "expected the id of a post, or a link to it such as https://",
    ("video", "1" * 21): "expected the id of a post",
    ("video", "٣٣٣"): "expected the id of a post",
    ("video", f"{TIKTOK}/@someone"): "the link leads to a user: expected the id of a post",
    ("video", "https://example.com/"): "the link does not lead to TikTok; expected the id",
    (
        "video",
        "https://www.douyin.com/video/1",
    ): "douyin.com is another site; expected the id of a post",
    ("comments", "https://vm.tiktok.com/ZMsample1"): "the link leads to what only TikTok knows",
    ("user", POST): "the link leads to a post: expected a username such as @someone",
    ("user", "two words"): "expected a username such as @someone",
    ("user", "@"): "expected a username",
    ("user", "_"): "expected a username",
    ("user", f"{TIKTOK}/@%D0%B0"): "expected a username",
    ("hashtag", "two words"): "expected a hashtag such as #cooking",
    ("hashtag", "a/b"): "expected a hashtag",
    ("hashtag", ".."): "expected a hashtag",
    ("hashtag", "a\x00b"): "expected a hashtag",
    ("hashtag", f"{TIKTOK}/tag/.."): "expected a hashtag",
    ("music", "a song"): "expected the id of a sound",
    ("search", "a\x00b"): "expected 1 to 200 characters to search for",
    ("search", "\ud800"): "expected 1 to 200 characters to search for",
    ("search", "a" * 201): "expected 1 to 200 characters to search for",
    ("search", POST): "the link leads to a post: expected 1 to 200 characters",
    ("search", f"{TIKTOK}/search?q=%20"): "expected 1 to 200 characters",
    ("video", "a" * 3000): "expected the id of a post",
}


@pytest.mark.parametrize(("asked", "target"), NAMED.items(), ids=lambda one: str(one)[:40])
def test_a_target_is_named_in_any_usual_way(asked: tuple[str, str], target: Target) -> None:
    assert read_target(*asked) == target


@pytest.mark.parametrize(("asked", "detail"), REFUSED.items(), ids=lambda one: ascii(one)[:40])
def test_what_names_no_target_is_refused_with_what_to_write(
    asked: tuple[object, object], detail: str
) -> None:
    with pytest.raises(TargetError) as error:
        read_target(*asked)
    assert detail in str(error.value)


@pytest.mark.parametrize("kind", TYPES)
def test_a_target_read_again_is_the_same(kind: TargetType) -> None:
    target = read_target(kind.value, "71065943")
    assert read_target(kind.value, f"{TIKTOK}{target.page_path}") == target
