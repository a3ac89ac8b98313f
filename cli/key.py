"""``manage.py key``: API keys of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.keys import Key
    from cli.desk import Desk

_COLUMNS = ("id", "begins", "label", "created_at", "expires_at", "revoked_at", "allow")
_TIMES = ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]


@click.group()
def key() -> None:
    """Issue, list and revoke API keys."""


@key.command()
@click.argument("who")
@click.option("--label", help="What the owner calls it.")
@click.option(
    "--expires", type=click.DateTime(_TIMES), help="When it stops working, in UTC; never if unset."
)
@click.option("--allow-ip", multiple=True, metavar="CIDR", help="Network that may use it; repeat.")
@as_json
def issue(
    who: str,
    *,
    label: str | None,
    expires: datetime | None,
    allow_ip: tuple[str, ...],
    is_json: bool,
) -> None:
    """Issue a key for the account WHO; it is shown this once only."""
    from datetime import UTC

    from cli.desk import at_desk

    expires_at = expires.replace(tzinfo=UTC) if expires else None

    async def act(desk: Desk) -> tuple[Key, str]:
        account = await desk.accounts.find(who)
        return await desk.keys.issue(account.id, label=label, expires_at=expires_at, allow=allow_ip)

    made, secret = at_desk(act)
    if is_json:
        print_json({"key_id": made.id, "account_id": made.account_id, "key": secret})
    else:
        click.echo(f"key: {secret}\nKeep it now: it cannot be shown again. Its id is {made.id}.")


@key.command("list")
@click.argument("who")
@as_json
def list_keys(who: str, *, is_json: bool) -> None:
    """List the keys of the account WHO; the keys themselves are kept nowhere."""
    from cli.desk import at_desk

    async def act(desk: Desk) -> list[Key]:
        account = await desk.accounts.find(who)
        return await desk.keys.list(account.id)

    rows = [
        (one.id, one.hint, one.label, one.created_at, one.expires_at, one.revoked_at, one.allow)
        for one in at_desk(act)
    ]
    if is_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        print_table(_COLUMNS, rows)


@key.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """End the key KEY_ID, with effect from its next call."""
    from cli.desk import at_desk

    revoked = at_desk(lambda desk: desk.keys.revoke(key_id))
    click.echo(f"{revoked.id} is revoked")
