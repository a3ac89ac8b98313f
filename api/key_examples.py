"""Keys, accounts and the audit as documentation shows them."""

from __future__ import annotations

from typing import Any

SECRET = "tk_…"  # noqa: S105 - nobody's

KEY: dict[str, Any] = {
    "id": "key_5f0c1d2e3a4b5c6d",
    "account_id": "acc_5f0c1d2e3a4b5c6d7e8f",
    "begins": "tk_Qm9vL",
    "label": "shop",
    "status": "active",
    "allow": ["203.0.113.0/24", "2001:db8::/32"],
    "created_at": "2024-01-08T09:12:44Z",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": "2024-01-14T10:30:00Z",
    "replaced_by": None,
    "current": False,
}
OLD_KEY = {
    **KEY,
    "expires_at": "2024-01-15T10:30:00Z",
    "replaced_by": "key_6a1d2e3f4b5c6d7e",
    "current": True,
}
KEYS = {"keys": [KEY], "next_cursor": None}
ISSUE_REQUEST = {"label": "shop", "expires_at": None, "allow": ["203.0.113.0/24", "2001:db8::/32"]}
ISSUED = {**KEY, "last_used_at": None, "key": SECRET}
EDIT_REQUEST = {"label": "shop", "allow": ["203.0.113.0/24"]}
EDITED = {**KEY, "allow": ["203.0.113.0/24"], "effective": True}
REVOKED = {**KEY, "status": "revoked", "revoked_at": "2024-01-14T10:30:00Z", "effective": True}
ROTATE_REQUEST = {"overlap_s": 86400}
ROTATED = {
    **ISSUED,
    "id": "key_6a1d2e3f4b5c6d7e",
    "created_at": "2024-01-14T10:30:00Z",
    "replaces": OLD_KEY,
    "effective": True,
}

ACCOUNT: dict[str, Any] = {
    "id": "acc_5f0c1d2e3a4b5c6d7e8f",
    "email": "user@example.com",
    "plan": "pro",
    "status": "active",
    "created_at": "2023-11-08T09:12:44Z",
    "last_request_at": "2024-01-14T10:30:00Z",
}
ACCOUNTS = {"accounts": [ACCOUNT], "next_cursor": None}
CREATE_REQUEST = {"email": "user@example.com", "plan": "pro"}
CREATED = {**ACCOUNT, "last_request_at": None}
ACCOUNT_EDIT_REQUEST = {"plan": "business", "status": "active"}
ACCOUNT_EDITED = {**ACCOUNT, "plan": "business", "effective": True}
AUDIT = {
    "records": [
        {
            "id": "aud_5f0c1d2e3a4b5c6d7e8f",
            "at": "2024-01-14T10:30:00Z",
            "who": "admin",
            "what": "account_changed",
            "account_id": "acc_5f0c1d2e3a4b5c6d7e8f",
            "key_id": None,
            "before": {"plan": "pro"},
            "after": {"plan": "business"},
            "request_id": "req_5f0c1d2e3a4b5c6d7e8f",
        }
    ],
    "next_cursor": None,
}


def pending(answer: dict[str, Any]) -> dict[str, Any]:
    """The same answer while Redis does not know of the change."""
    return {**answer, "effective": False}
