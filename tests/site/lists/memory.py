"""What the site remembers of lists: plans that were ordered, ids it gave out, posts it showed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.site.captions import hashtag_id
from tests.site.lists.comments import comment_ids, reply_ids, reply_total
from tests.site.lists.plans import plan_of
from tests.site.lists.posts import post_ids
from tests.site.lists.searches import usernames
from tests.site.people import person
from tests.site.posts import post

if TYPE_CHECKING:
    from tests.site.lists.plans import Plan
    from tests.site.posts import Post


@dataclass(slots=True)
class Lists:
    """The site's lists, by the key of their page; a post's id stands for its comments."""

    ordered: dict[str, Plan] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    """The key behind each secUid and hashtag id that a page has given out."""
    posts: dict[str, Post] = field(default_factory=dict)
    """Posts that a list has shown, as they are there: their own pages say the same."""

    def plan(self, key: str) -> Plan:
        """What was ordered for a list, or what its name says."""
        key = key.replace("users:", "search:", 1) if key.startswith("users:") else key
        return self.ordered.get(key) or plan_of(key)

    def total(self, key: str) -> int:
        """How many items the page says there are; of comments, replies count too."""
        plan = self.plan(key)
        if plan.total is not None:
            return plan.total
        return plan.length + (reply_total(key, plan.length) if key.isdigit() else 0)

    def ids(self, key: str) -> tuple[str, ...]:
        """What can be had, in the order of the list: ids of posts or comments, or usernames."""
        plan, kind = self.plan(key), key.partition(":")[0]
        match kind:
            case "replies":
                return reply_ids(key.partition(":")[2])
            case "users":
                return usernames(key.partition(":")[2], plan.length)
            case _ if key.isdigit():
                return comment_ids(key, plan.length)
            case _:
                return post_ids(key, plan)

    def post(self, post_id: str) -> Post:
        """The post of that id, as a list has shown it."""
        return self.posts.get(post_id) or post(post_id)

    def id_of(self, key: str) -> str:
        """The id that the page's script asks for a list by."""
        if key.startswith("@"):
            found = person(key[1:]).sec_uid
        elif key.startswith("#"):
            found = hashtag_id(key[1:])
        else:
            return key.partition(":")[2] or key
        self.keys[found] = key
        return found
