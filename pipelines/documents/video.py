"""A post as it is stored in ``videos``: one dataclass, a sentence for each field.

The sentences are the single source of meaning: MongoDB's validators and the data dictionary are
made from them. None is unknown, in every field; ids are strings, for they exceed 2^53.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

SCHEMA_VERSION = 1
PARSER_VERSION = 1


@dataclass(slots=True, kw_only=True)
class Author:
    """Who made the post, as the post's own response shows them."""

    id: Annotated[str | None, "TikTok's id of the user."] = None
    sec_uid: Annotated[str | None, "TikTok's longer public id of the user."] = None
    username: Annotated[str | None, "The handle, without @; it can change."] = None
    nickname: Annotated[str | None, "The display name; it can change."] = None
    signature: Annotated[str | None, "The profile's text."] = None
    verified: Annotated[bool | None, "Whether TikTok has verified the account."] = None
    private: Annotated[bool | None, "Whether the account is private."] = None
    avatar: Annotated[str | None, "Address of the largest avatar; signed, it expires."] = None
    region: Annotated[str | None, "The account's region, in older responses only."] = None
    created_at: Annotated[datetime | None, "When the account was made."] = None
    follower_count: Annotated[int | None, "How many follow the account."] = None
    following_count: Annotated[int | None, "How many accounts it follows."] = None
    heart_count: Annotated[int | None, "How many likes all its posts have received."] = None
    video_count: Annotated[int | None, "How many posts it has."] = None
    liked_count: Annotated[int | None, "How many posts it likes."] = None
    friend_count: Annotated[int | None, "How many accounts it follows that follow it back."] = None


@dataclass(slots=True, kw_only=True)
class Statistics:
    """The post's counters at ``observed_at``."""

    views: Annotated[int | None, "How often it was played."] = None
    likes: Annotated[int | None, "How many like it."] = None
    comments: Annotated[
        int | None, "How many comments it has, deleted and filtered ones included."
    ] = None
    shares: Annotated[int | None, "How often it was shared."] = None
    saves: Annotated[int | None, "How often the post was put among favourites."] = None
    reposts: Annotated[int | None, "How often it was reposted."] = None
    exact: Annotated[
        bool | None, "Whether all counters are exact; TikTok rounds some. Null without counters."
    ] = None


@dataclass(slots=True, kw_only=True)
class Music:
    """The sound of the post."""

    id: Annotated[str | None, "TikTok's id of the sound; null when it was removed."] = None
    title: Annotated[str | None, "Its title."] = None
    author: Annotated[str | None, "Its author as TikTok writes it."] = None
    artists: Annotated[list[str], "The authors one by one."] = field(default_factory=list)
    album: Annotated[str | None, "Its album."] = None
    duration: Annotated[int | None, "Its length in seconds."] = None
    original: Annotated[bool | None, "Whether it is a user's own sound."] = None
    copyrighted: Annotated[bool | None, "Whether TikTok marks it as copyrighted."] = None
    commerce: Annotated[bool | None, "Whether it is of the commercial library."] = None
    private: Annotated[bool | None, "Whether it is private."] = None
    url: Annotated[str | None, "Address of the audio file; signed, it expires."] = None
    cover: Annotated[str | None, "Address of the cover picture."] = None


@dataclass(slots=True, kw_only=True)
class Rendition:
    """One encoding of the video file."""

    gear: Annotated[str | None, "TikTok's name of the encoding, such as normal_540_0."] = None
    codec: Annotated[
        str | None, "Its codec: h264, h265 or bytevc2; no player decodes the last."
    ] = None
    width: Annotated[int | None, "Its width in pixels."] = None
    height: Annotated[int | None, "Its height in pixels."] = None
    bitrate: Annotated[int | None, "Its bits a second."] = None
    fps: Annotated[int | None, "Its frames a second."] = None
    size: Annotated[int | None, "The file's length in bytes."] = None
    format: Annotated[str | None, "Its container, such as mp4."] = None
    urls: Annotated[list[str], "Addresses of the file; signed, they expire."] = field(
        default_factory=list
    )


@dataclass(slots=True, kw_only=True)
class Media:
    """The file to play, without a watermark whenever there is one."""

    url: Annotated[str, "Its address; it wants the page's cookie and Referer, and expires."]
    codec: Annotated[str | None, "Its codec: h264 or h265."] = None
    width: Annotated[int | None, "Its width in pixels."] = None
    height: Annotated[int | None, "Its height in pixels."] = None
    bitrate: Annotated[int | None, "Its bits a second."] = None
    size: Annotated[int | None, "The file's length in bytes."] = None
    watermark: Annotated[bool, "Whether TikTok's mark is in the picture."] = False
    expires_at: Annotated[datetime | None, "When the address stops working."] = None


@dataclass(slots=True, kw_only=True)
class Session:
    """As whom the page was fetched; its files are given to nobody else."""

    cookie: Annotated[str | None, "The `tt_chain_token` that a request must bear, raw."] = None
    user_agent: Annotated[str | None, "The User-Agent that a request must bear."] = None
    egress: Annotated[str | None, "Name of the egress through which the page came."] = None


@dataclass(slots=True, kw_only=True)
class Image:
    """One picture of a photo post."""

    url: Annotated[str, "Its address; signed, it expires."]
    width: Annotated[int | None, "Its width in pixels."] = None
    height: Annotated[int | None, "Its height in pixels."] = None


@dataclass(slots=True, kw_only=True)
class Subtitle:
    """One subtitle file."""

    url: Annotated[str, "Its address; signed, it expires."]
    language: Annotated[str | None, "TikTok's name of the language, such as eng-US."] = None
    format: Annotated[str | None, "Its format: webvtt, srt or creator_caption."] = None
    source: Annotated[
        str | None, "ASR: recognised speech; MT: machine translation; LC: the creator's own."
    ] = None
    size: Annotated[int | None, "The file's length in bytes."] = None
    expires_at: Annotated[datetime | None, "When the address stops working."] = None


@dataclass(slots=True, kw_only=True)
class Mention:
    """A user named in the caption."""

    user_id: Annotated[str | None, "TikTok's id of the user."] = None
    sec_uid: Annotated[str | None, "TikTok's longer public id of the user."] = None
    username: Annotated[str | None, "The handle, without @."] = None


@dataclass(slots=True, kw_only=True)
class Place:
    """The place that the creator attached."""

    id: Annotated[str | None, "TikTok's id of the place."] = None
    name: Annotated[str | None, "Its name."] = None
    address: Annotated[str | None, "Its street address."] = None
    city: Annotated[str | None, "Its city."] = None
    province: Annotated[str | None, "Its province or state."] = None
    country: Annotated[str | None, "Its country's name."] = None
    country_geoname: Annotated[str | None, "GeoNames id of the country; no ISO code."] = None
    category: Annotated[str | None, "What kind of place it is."] = None


@dataclass(slots=True, kw_only=True)
class Anchor:
    """A link that TikTok attaches to a post: a template, a product, a place."""

    id: Annotated[str | None, "TikTok's id of it."] = None
    type: Annotated[int | None, "TikTok's number of its kind."] = None
    keyword: Annotated[str | None, "Its text."] = None
    description: Annotated[str | None, "What it is, in TikTok's words."] = None


@dataclass(slots=True, kw_only=True)
class Effect:
    """A filter or effect used in the post."""

    id: Annotated[str | None, "TikTok's id of it."] = None
    name: Annotated[str | None, "Its name."] = None


@dataclass(slots=True, kw_only=True)
class Kept:
    """One file of the post that is in the archive."""

    file: Annotated[str, "The file's name, such as video-h264-576x1024-650."]
    path: Annotated[str, "Where it is, below ARCHIVE_URL."]
    size: Annotated[int, "Its length in bytes."]
    checksum: Annotated[str, "The MD5 of its bytes, hexadecimal."]
    content_type: Annotated[str | None, "Its type as TikTok's server named it."] = None
    archived_at: Annotated[datetime, "When it was put there."]


@dataclass(slots=True, kw_only=True)
class Video:
    """A post: a video or a series of photos."""

    id: Annotated[str, "TikTok's id of the post, 19 digits as a rule; `_id` in MongoDB."]
    type: Annotated[Literal["video", "photo"], "Whether it is a video or a series of photos."]
    url: Annotated[str, "The post's canonical address."]
    title: Annotated[str | None, "First line of the caption, 72 characters at most."] = None
    description: Annotated[str | None, "The whole caption."] = None
    author: Annotated[Author, "Who made the post."] = field(default_factory=Author)
    statistics: Annotated[Statistics, "The post's counters when it was observed."] = field(
        default_factory=Statistics
    )
    music: Annotated[Music, "The sound of the post."] = field(default_factory=Music)
    hashtags: Annotated[list[str], "Hashtags without #, in the order of the caption."] = field(
        default_factory=list
    )
    mentions: Annotated[list[Mention], "Users named in the caption."] = field(default_factory=list)
    duration: Annotated[int | None, "Length of the video in seconds; null for photos."] = None
    width: Annotated[int | None, "Width of the picture in pixels."] = None
    height: Annotated[int | None, "Height of the picture in pixels."] = None
    thumbnail: Annotated[str | None, "Address of the cover; signed, it expires."] = None
    dynamic_cover: Annotated[str | None, "Address of the moving cover."] = None
    images: Annotated[list[Image], "The pictures of a photo post, in order."] = field(
        default_factory=list
    )
    renditions: Annotated[list[Rendition], "All encodings of the file."] = field(
        default_factory=list
    )
    media: Annotated[Media | None, "The file to play."] = None
    session: Annotated[Session | None, "As whom the page was fetched."] = None
    subtitles: Annotated[list[Subtitle], "Subtitle files."] = field(default_factory=list)
    archive: Annotated[list[Kept], "Its files that the archive holds."] = field(
        default_factory=list
    )
    created_at: Annotated[datetime | None, "When the post was made."] = None
    created_at_source: Annotated[
        Literal["page", "id"] | None, "Whether the time was given or read from the id."
    ] = None
    scheduled_at: Annotated[datetime | None, "When it was to appear, if it was scheduled."] = None
    country: Annotated[str | None, "Where it was uploaded, ISO 3166-1 alpha-2."] = None
    region: Annotated[str | None, "The place's province, or the author's region."] = None
    place: Annotated[Place | None, "The place attached to it."] = None
    language: Annotated[str | None, "Language of the caption."] = None
    spoken_language: Annotated[str | None, "Language that is spoken, when recognised."] = None
    duet_of: Annotated[str | None, "Id of the post it is a duet of."] = None
    stitch_of: Annotated[str | None, "Id of the post named in its caption as the source."] = None
    playlist_id: Annotated[str | None, "Id of the playlist it is in."] = None
    labels: Annotated[list[str], "TikTok's own topic labels."] = field(default_factory=list)
    category: Annotated[int | None, "TikTok's number of its category."] = None
    keywords: Annotated[list[str], "TikTok's channel and keyword tags."] = field(
        default_factory=list
    )
    suggested_words: Annotated[list[str], "Searches that TikTok suggests beside it."] = field(
        default_factory=list
    )
    screen_texts: Annotated[list[str], "Texts that the creator put on the picture."] = field(
        default_factory=list
    )
    effects: Annotated[list[Effect], "Filters and effects."] = field(default_factory=list)
    anchors: Annotated[list[Anchor], "Templates, products and places linked to it."] = field(
        default_factory=list
    )
    ad: Annotated[bool | None, "Whether it is marked as an advertisement."] = None
    ad_authorized: Annotated[bool | None, "Whether its creator lets others advertise with it."] = (
        None
    )
    ai_generated: Annotated[bool | None, "Whether it is labelled as made by AI."] = None
    pinned: Annotated[bool | None, "Whether it is pinned to the profile."] = None
    official: Annotated[bool | None, "TikTok's mark of an official item."] = None
    original: Annotated[bool | None, "TikTok's mark of an original item."] = None
    muted: Annotated[bool | None, "Whether its sound was taken off."] = None
    duet_enabled: Annotated[bool | None, "Whether duets are allowed."] = None
    stitch_enabled: Annotated[bool | None, "Whether stitches are allowed."] = None
    share_enabled: Annotated[bool | None, "Whether sharing is allowed."] = None
    repost_enabled: Annotated[bool | None, "Whether reposting is allowed."] = None
    indexed: Annotated[bool | None, "Whether search engines may list it."] = None
    comments_limited: Annotated[bool | None, "Whether only some, or nobody, may comment."] = None
    loudness: Annotated[float | None, "Loudness of the sound in LUFS."] = None
    vq_score: Annotated[float | None, "TikTok's score of the picture's quality."] = None
    layout: Annotated[str, "Which layout of TikTok's it was read from."] = ""
    spider: Annotated[str, "The spider that fetched it."] = ""
    job_id: Annotated[str | None, "The job that asked for it; null in a plain crawl."] = None
    parser_version: Annotated[int, "Version of the code that read it."] = PARSER_VERSION
    schema_version: Annotated[int, "Version of this document's shape."] = SCHEMA_VERSION
    observed_at: Annotated[datetime, "When its response arrived."] = field(kw_only=True)

    @property
    def resolution(self) -> str | None:
        """``WIDTHxHEIGHT`` in pixels."""
        return f"{self.width}x{self.height}" if self.width and self.height else None
