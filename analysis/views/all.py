"""All views."""

from __future__ import annotations

from analysis.views.daily import HASHTAG_DAILY, MUSIC_DAILY
from analysis.views.flat import USER_LATEST, VIDEOS_FLAT
from analysis.views.growth import VIDEO_GROWTH_DAILY

VIEWS = (VIDEOS_FLAT, VIDEO_GROWTH_DAILY, HASHTAG_DAILY, USER_LATEST, MUSIC_DAILY)
