"""Everything the site can be asked to do instead of serving a page: one table.

A behaviour is asked for by name (``POST /_site/behaviour``, ``Site.behave``), or by an id that
holds its number: ``70000000000000`` + number + two digits of your choice, always 19 digits, so
``/@_/video/7000000000000010200`` meets a captcha (102). A user ``@behaviour_102`` and a hashtag
``#behaviour_102`` do the same. The numbers of HTTP statuses are those statuses.
"""

# ruff: noqa: E501 - one behaviour, one line

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.site import broken, layouts, odd, older, walls
from tests.site.lists.plans import page_behaviour_in
from tests.site.serving import served

if TYPE_CHECKING:
    from tests.site.visits import Answer


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One row of the table."""

    number: int
    name: str
    sentence: str
    answer: Answer

    @property
    def example(self) -> str:
        """A path that meets it."""
        return f"/@_/video/70000000000000{self.number:03d}00"


_ROWS = (
    Behaviour(0, "served", "The page as TikTok serves it.", served),
    # Walls.
    Behaviour(101, "waf_challenge", "A 'Please wait...' page of 1 kB with a script to run.", walls.waf_challenge),
    Behaviour(102, "captcha", "A 'Security Check' page with a captcha and nothing else.", walls.captcha),
    Behaviour(103, "captcha_slider", "A page of full size without data; a slider puzzle in its body.", walls.captcha_slider),
    Behaviour(104, "verify_json", "JSON of type 'verify' with code '10000' where HTML is expected.", walls.verify_json),
    Behaviour(105, "login_redirect", "A redirect to /login.", walls.redirected("/login?redirect_url={back}")),
    Behaviour(106, "login_page", "A page of full size that says 'Log in to TikTok'.", walls.text_page("Log in to TikTok")),
    Behaviour(107, "age_gate", "Status 0 and an item that is classified and has no video.", walls.age_gate),
    Behaviour(108, "empty_body", "HTTP 200 with no byte in the body.", broken.empty_body),
    Behaviour(109, "region_text", "A page without data that says the video isn't available in your country.", walls.text_page("This video isn't available in your country or region")),
    Behaviour(110, "region_redirect", "A redirect to the page of a closed country.", walls.redirected("/hk/notfound")),
    Behaviour(111, "unavailable_text", "A page without data, and so no code, that says 'Video currently unavailable'.", walls.text_page("Video currently unavailable")),
    Behaviour(112, "access_denied", "HTTP 403 with the content network's 'Access Denied' page.", walls.access_denied),
    Behaviour(113, "shell", "A page of full size with no detail scope at all.", walls.text_page("")),
    Behaviour(114, "refresh", "A page without data that says 'Something went wrong' and offers to refresh.", walls.text_page("Something went wrong</p><button>Refresh</button><p>")),
    Behaviour(115, "waf_passes", "A 'Please wait...' page whose script sets a cookie and loads the page anew.", walls.waf_passes),
    Behaviour(116, "shell_fills", "A page without data that fetches its header by its own script.", walls.shell_fills),
    # Statuses in the detail scope.
    Behaviour(301, "status_0_without_item", "Status 0 and nothing else.", walls.refused(0)),
    Behaviour(302, "status_10204", "Status 10204 without a message.", walls.refused(10204)),
    Behaviour(303, "status_deleted", "Status 10204, 'status_deleted'.", walls.refused(10204, "status_deleted")),
    Behaviour(304, "privacy_and_deleted", "Status 10204, two messages joined by '&'.", walls.refused(10204, "item_privacy_authorization&status_deleted")),
    Behaviour(305, "status_self_see", "Status 10204, 'status_self_see': only its author sees it.", walls.refused(10204, "status_self_see")),
    Behaviour(306, "status_friend_see", "Status 10204, 'status_friend_see': only friends see it.", walls.refused(10204, "status_friend_see")),
    Behaviour(307, "author_secret", "Status 10204, 'author_secret': the account is private.", walls.refused(10204, "author_secret")),
    Behaviour(308, "status_reviewing", "Status 10204, 'status_reviewing'.", walls.refused(10204, "status_reviewing")),
    Behaviour(309, "status_audit_not_pass", "Status 10204, 'status_audit_not_pass'.", walls.refused(10204, "status_audit_not_pass")),
    Behaviour(310, "content_classification", "Status 10204, 'content_classification': a login is wanted.", walls.refused(10204, "content_classification")),
    Behaviour(311, "cross_border_violation", "Status 10204, 'cross_border_violation'.", walls.refused(10204, "cross_border_violation")),
    Behaviour(312, "cross_border_violation_ur", "Status 10204, 'cross_border_violation_ur'.", walls.refused(10204, "cross_border_violation_ur")),
    Behaviour(313, "person_geo_fencing", "Status 10204, 'person_geo_fencing'.", walls.refused(10204, "person_geo_fencing")),
    Behaviour(314, "copyright_geo_filter", "Status 10204, 'copyright_geo_filter'.", walls.refused(10204, "copyright_geo_filter")),
    Behaviour(315, "status_10215", "Status 10215: not viewable.", walls.refused(10215)),
    Behaviour(316, "status_10216", "Status 10216: a private post.", walls.refused(10216)),
    Behaviour(317, "status_10221", "Status 10221: no such user.", walls.refused(10221)),
    Behaviour(318, "status_10222", "Status 10222: a private account.", walls.refused(10222)),
    Behaviour(319, "status_10222_visible", "Status 10222 on a profile whose videos can be seen.", odd.private_but_visible),
    Behaviour(320, "status_10231", "Status 10231: locked in this region.", walls.refused(10231)),
    Behaviour(321, "status_10101", "Status 10101: a login is wanted.", walls.refused(10101)),
    Behaviour(322, "status_10102", "Status 10102: a login is wanted.", walls.refused(10102)),
    Behaviour(323, "status_209002", "Status 209002: a login is wanted.", walls.refused(209002)),
    Behaviour(324, "status_10201", "Status 10201: invalid parameter, often the echo of a block.", walls.refused(10201)),
    Behaviour(325, "status_10202", "Status 10202: page not found.", walls.refused(10202)),
    Behaviour(326, "status_10203", "Status 10203: object not found.", walls.refused(10203)),
    Behaviour(327, "status_100002", "Status 100002: no such user.", walls.refused(100002)),
    Behaviour(328, "status_100004", "Status 100004, never explained.", walls.refused(100004)),
    Behaviour(329, "status_3002060", "Status 3002060: hidden by its owner.", walls.refused(3002060)),
    Behaviour(330, "status_4", "Status 4: the server is unavailable.", walls.refused(4, "Server is currently unavailable. Please try again later.")),
    Behaviour(331, "status_minus_1", "Status -1 with nothing: a blocked session.", walls.refused(-1)),
    Behaviour(332, "status_10110", "Status 10110 with a verifyConfig: the older captcha.", walls.old_captcha),
    Behaviour(333, "status_10299", "Status 10299, unknown, of the family that says 'unavailable'.", walls.refused(10299)),
    Behaviour(334, "status_424242", "Status 424242, which nobody has ever seen.", walls.refused(424242)),
    # HTTP statuses.
    Behaviour(204, "http_204", "HTTP 204.", broken.status(204)),
    Behaviour(403, "http_403", "HTTP 403.", broken.status(403)),
    Behaviour(404, "http_404", "HTTP 404.", broken.status(404)),
    Behaviour(429, "http_429", "HTTP 429 with Retry-After: 7.", broken.status(429, retry_after_s=7)),
    Behaviour(500, "http_500", "HTTP 500.", broken.status(500)),
    Behaviour(502, "http_502", "HTTP 502.", broken.status(502)),
    Behaviour(503, "http_503", "HTTP 503 with Retry-After: 7.", broken.status(503, retry_after_s=7)),
    Behaviour(504, "http_504", "HTTP 504.", broken.status(504)),
    # Broken bodies.
    Behaviour(601, "truncated_json", "The data element ends in the middle of its JSON.", broken.truncated_json),
    Behaviour(602, "empty_script", "The data element is there and empty.", broken.empty_script),
    Behaviour(603, "cut_off", "The connection ends before Content-Length bytes have come.", broken.cut_off),
    Behaviour(604, "endless", "A body that never ends.", broken.endless),
    Behaviour(605, "stalled", "Headers, and then nothing.", broken.stalled),
    Behaviour(606, "no_answer", "The request is taken and never answered.", broken.no_answer),
    Behaviour(607, "dropped", "The connection ends without an answer.", broken.dropped),
    Behaviour(608, "garbage_gzip", "Content-Encoding: gzip, and a body that is not.", broken.garbage_gzip),
    Behaviour(609, "wrong_charset", "A page in UTF-8 that claims to be UTF-16.", broken.wrong_charset),
    Behaviour(610, "slow", "A served page, a second late; latency_ms waits for any time.", broken.slow),
    # Served pages with something odd.
    Behaviour(700, "photo", "A photo post, at whatever address it is asked for.", odd.photo),
    Behaviour(701, "layout_reflow", "The mobile layout, whatever the User-Agent.", odd.layout(layouts.reflow)),
    Behaviour(702, "layout_sigi", "The layout of 2021-2023: SIGI_STATE, the author a plain string.", odd.layout(layouts.sigi)),
    Behaviour(703, "layout_next", "The layout of 2020-2021: __NEXT_DATA__ with an itemStruct.", odd.layout(layouts.following)),
    Behaviour(704, "layout_nested", "The layout of 2020: __NEXT_DATA__ with itemInfos and its siblings.", odd.layout(older.nested)),
    Behaviour(705, "layout_aweme", "The app's own record in a desktop page: snake_case, milliseconds.", odd.layout(older.aweme)),
    Behaviour(706, "wrong_item", "The page of another post; its canonical address says so.", odd.wrong_item),
    Behaviour(707, "canonical_elsewhere", "No detail scope unless asked under the username that its canonical address names.", odd.canonical_elsewhere),
    Behaviour(708, "captcha_words", "A served page full of captcha markup and login words.", walls.captcha_words),
    Behaviour(709, "no_author", "An item without its author.", odd.changed(author=None)),
    Behaviour(710, "no_music", "An item without its music.", odd.changed(music=None)),
    Behaviour(711, "no_statistics", "An item without any statistics.", odd.changed(stats=None, statsV2=None)),
    Behaviour(712, "no_hashtag_list", "Hashtags in the caption alone.", odd.changed(challenges=None, textExtra=None, contents=None)),
    Behaviour(713, "empty_video", "An item whose video is an empty object.", odd.changed(video={})),
    Behaviour(714, "private_item", "Status 0 and an item marked as private.", odd.changed(privateItem=True)),
    Behaviour(715, "taken_down", "Status 0 and an item that was taken down.", odd.changed(takeDown=1)),
    Behaviour(716, "growing", "Statistics that grow by a tenth at each visit.", odd.growing),
)  # fmt: skip

BEHAVIOURS = {row.name: row for row in _ROWS}
_NUMBERS = {row.number: row for row in _ROWS}
_CONVENTION = re.compile(r"70000000000000(\d{3})\d\d|[@#]behaviour_(\d{3})")


def behaviour_of(key: str) -> Behaviour:
    """The behaviour that an id or name asks for by itself.

    Raises:
        ValueError: the name of a list holds a word that means nothing.
    """
    word = page_behaviour_in(key)
    if isinstance(word, str):
        if word not in BEHAVIOURS:
            raise ValueError(f"{word} is no option and no behaviour: see /_site/behaviours")
        return BEHAVIOURS[word]
    found = _CONVENTION.fullmatch(key)
    number = word or (int(found[1] or found[2]) if found else 0)
    return _NUMBERS.get(number, BEHAVIOURS["served"])
