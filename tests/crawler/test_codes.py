from __future__ import annotations

import pytest

from crawler.codes import read_status, reason_of
from crawler.errors import Reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0, None),
        (-1, Reason.UPSTREAM_BLOCKED),
        (4, Reason.UPSTREAM_ERROR),
        (10000, Reason.CAPTCHA),
        (10101, Reason.LOGIN_REQUIRED),
        (10102, Reason.LOGIN_REQUIRED),
        (209002, Reason.LOGIN_REQUIRED),
        (10110, Reason.CAPTCHA),
        (10201, Reason.UPSTREAM_ERROR),
        (10202, Reason.NOT_FOUND),
        (10203, Reason.NOT_FOUND),
        (10204, Reason.VIDEO_UNAVAILABLE),
        (10215, Reason.VIDEO_UNAVAILABLE),
        (10216, Reason.VIDEO_PRIVATE),
        (10221, Reason.USER_NOT_FOUND),
        (10222, Reason.ACCOUNT_PRIVATE),
        (10231, Reason.REGION_BLOCKED),
        (100002, Reason.USER_NOT_FOUND),
        (100004, Reason.UPSTREAM_ERROR),
        (3002060, Reason.HIDDEN_BY_OWNER),
        (10299, Reason.VIDEO_UNAVAILABLE),
        (10300, Reason.UPSTREAM_ERROR),
        (77, Reason.UPSTREAM_ERROR),
        (-5, Reason.UPSTREAM_ERROR),
    ],
)
def test_a_code_means_a_reason(code: int, reason: Reason | None) -> None:
    assert reason_of(code, "") is reason
    assert reason_of(code, "ok") is reason


@pytest.mark.parametrize("code", [0, 10204, 10231, 4])
@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("status_deleted", Reason.VIDEO_DELETED),
        ("item_privacy_authorization&status_deleted", Reason.VIDEO_DELETED),
        ("status_self_see", Reason.VIDEO_PRIVATE),
        ("status_friend_see", Reason.VIDEO_PRIVATE),
        ("author_secret", Reason.VIDEO_PRIVATE),
        ("status_reviewing", Reason.VIDEO_UNAVAILABLE),
        ("status_audit_not_pass", Reason.VIDEO_UNAVAILABLE),
        ("content_classification", Reason.LOGIN_REQUIRED),
        ("cross_border_violation", Reason.REGION_BLOCKED),
        ("cross_border_violation_ur", Reason.REGION_BLOCKED),
        ("person_geo_fencing", Reason.REGION_BLOCKED),
        ("copyright_geo_filter", Reason.REGION_BLOCKED),
        ("nobody_knows&copyright_geo_filter&more", Reason.REGION_BLOCKED),
    ],
)
def test_a_message_tells_more_than_the_code(message: str, reason: Reason, code: int) -> None:
    assert reason_of(code, message) is reason


@pytest.mark.parametrize(
    ("payload", "status"),
    [
        ({}, (0, "")),
        ({"statusCode": 10204, "statusMsg": "status_deleted"}, (10204, "status_deleted")),
        ({"status_code": 10204, "status_msg": "status_deleted"}, (10204, "status_deleted")),
        ({"statusCode": 0, "status_code": 10201}, (10201, "")),
        ({"statusCode": 10231, "status_code": 10201}, (10231, "")),
        ({"statusCode": -1}, (-1, "")),
        ({"statusCode": -1, "status_code": 0}, (-1, "")),
        ({"code": "10000", "type": "verify"}, (10000, "")),
        ({"statusMsg": "", "status_msg": "b"}, (0, "b")),
        ({"statusMessage": "c"}, (0, "c")),
        ({"statusCode": True, "statusMsg": 5}, (0, "")),
        ({"statusCode": "many", "statusMsg": None}, (0, "")),
        ({"statusCode": "9" * 400}, (0, "")),
        ({"statusCode": [1], "status_code": {}}, (0, "")),
    ],
)
def test_code_and_message_are_read_under_each_of_their_names(
    payload: dict[str, object], status: tuple[int, str]
) -> None:
    assert read_status(payload) == status
