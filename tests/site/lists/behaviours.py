"""Everything that a list can do instead of coming to its end in good order: one table.

Asked for by name in a plan, or by the names and numbers that ``plans`` explains. From the page
``at`` on, an answer takes the place of the usual one. ``page.js`` acts out what the page itself
does; it is told the behaviour's name.
"""

# ruff: noqa: E501 - one behaviour, one line

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.site import broken
from tests.site.lists import answers

if TYPE_CHECKING:
    from tests.site.lists.answers import ListAnswer


@dataclass(frozen=True, slots=True)
class ListBehaviour:
    """One row of the table."""

    number: int
    name: str
    sentence: str
    answer: ListAnswer

    @property
    def example(self) -> str:
        """A path that meets it."""
        return f"/@list_120__{self.name}"


_ROWS = (
    ListBehaviour(800, "usual", "Page after page, and an end.", answers.usual),
    # The server does not come to an end, or comes to it too early.
    ListBehaviour(801, "repeats", "The page before, again and for ever, with more to come.", answers.repeats),
    ListBehaviour(802, "empty_pages", "Pages without an item and with more to come, for ever.", answers.empty_pages),
    ListBehaviour(803, "false_end", "Says that there is no more, and gives more when scrolled further.", answers.false_end),
    ListBehaviour(804, "absent_list", "No list in the answer and no more to come: the cap of long lists.", answers.absent_list),
    ListBehaviour(805, "absent_list_more", "No list in the answer, and more to come, for ever.", answers.absent_list_more),
    ListBehaviour(806, "overlaps", "Pages that begin with half of the page before.", answers.overlaps),
    # No JSON.
    ListBehaviour(807, "no_bytes_once", "HTTP 200 without a byte, once for each time the page is opened.", answers.once(answers.of_page(broken.empty_body))),
    ListBehaviour(808, "no_bytes", "HTTP 200 without a byte, for ever.", answers.of_page(broken.empty_body)),
    ListBehaviour(809, "cut_json", "JSON that ends in its middle.", answers.cut_json),
    ListBehaviour(810, "html_instead", "An HTML page where JSON is expected.", answers.html_instead),
    ListBehaviour(811, "stalls", "Headers, and then nothing.", answers.of_page(broken.stalled)),
    ListBehaviour(812, "hangs_up", "The connection ends without an answer.", answers.of_page(broken.dropped)),
    ListBehaviour(813, "refuses_403", "HTTP 403.", answers.of_page(broken.status(403))),
    ListBehaviour(814, "refuses_429", "HTTP 429 with Retry-After: 7.", answers.of_page(broken.status(429, retry_after_s=7))),
    ListBehaviour(815, "refuses_500", "HTTP 500.", answers.of_page(broken.status(500))),
    # Walls.
    ListBehaviour(820, "verify", "JSON of type 'verify'; the page shows nothing.", answers.verify),
    ListBehaviour(821, "captcha_overlay", "JSON of type 'verify'; the page asks for a captcha and shows a slider.", answers.verify),
    ListBehaviour(822, "captcha_leave", "The page leaves for a 'Security Check'.", answers.usual),
    ListBehaviour(823, "login_status", "Status 10101; the page shows nothing.", answers.refused(10101)),
    ListBehaviour(824, "login_leave", "Status 10101; the page leaves for /login.", answers.refused(10101)),
    ListBehaviour(825, "login_overlay", "The page lays 'Log in to TikTok' over itself and asks for no more.", answers.usual),
    ListBehaviour(826, "login_dialog", "A dialog that stops the scrolling until it is closed.", answers.usual),
    ListBehaviour(827, "bad_parameter", "Status 10201: invalid parameter, often the echo of a block.", answers.refused(10201)),
)  # fmt: skip

LIST_BEHAVIOURS = {row.name: row for row in _ROWS}
LIST_NUMBERS = {row.number: row.name for row in _ROWS}
