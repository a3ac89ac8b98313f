"""``manage.py key``: API keys of an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.durations import Duration
from cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.key import Key
    from accounts.keys import Rotation
    from cli.desk import Desk

_COLUMNS = (
    *("id", "begins", "label", "created_at", "expires_at", "revoked_at", "allow"),
    *("last_used_at", "replaced_by", "status"),
)
_TIMES = ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]


@click.group()
def key() -> None:
    """Issue, list, change and revoke API keys."""


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

    from accounts.audit import CLI
    from cli.desk import at_desk

    expires_at = expires.replace(tzinfo=UTC) if expires else None

    async def act(desk: Desk) -> tuple[Key, str]:
        account = await desk.accounts.find(who)
        return await desk.keys.issue(
            account.id, label=label, expires_at=expires_at, allow=allow_ip, by=CLI
        )

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
    from datetime import UTC, datetime

    from cli.desk import at_desk

    async def act(desk: Desk) -> list[Key]:
        account = await desk.accounts.find(who)
        return await desk.keys.list(account.id)

    now = datetime.now(UTC)
    rows = [
        (
            *(one.id, one.hint, one.label, one.created_at, one.expires_at, one.revoked_at),
            *(one.allow, one.last_used_at, one.replaced_by, one.status(now).value),
        )
        for one in at_desk(act)
    ]
    if is_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        print_table(_COLUMNS, rows)


@key.command()
@click.argument("key_id")
@click.option(
    "--overlap",
    "overlap_s",
    type=Duration(),
    default="24h",
    show_default=True,
    help="How long the old key works on, such as 30m or 7d; 0 ends it at once.",
)
@as_json
def rotate(key_id: str, *, overlap_s: int, is_json: bool) -> None:
    """Issue a key in place of KEY_ID, alike but for the secret, which is shown this once only."""
    from accounts.audit import CLI
    from cli.desk import at_desk, check_told

    async def act(desk: Desk) -> Rotation:
        return await desk.keys.rotate(key_id, overlap_s=overlap_s, by=CLI)

    rotation = at_desk(act)
    old, new = rotation.old, rotation.new
    ends_at = old.revoked_at or old.expires_at
    if is_json:
        shown = {"key_id": new.id, "account_id": new.account_id, "key": rotation.secret}
        print_json({**shown, "replaces": old.id, "old_ends_at": ends_at})
    else:
        click.echo(
            f"key: {rotation.secret}\nKeep it now: it cannot be shown again. Its id is {new.id}.\n"
            f"{old.id} works until {ends_at:%Y-%m-%d %H:%M:%SZ}."
        )
    check_told(old)


@key.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """End the key KEY_ID, with effect from its next call."""
    from accounts.audit import CLI
    from cli.desk import at_desk, check_told

    revoked = at_desk(lambda desk: desk.keys.revoke(key_id, by=CLI))
    check_told(revoked)
    click.echo(f"{revoked.id} is revoked")


@key.command("allow-ip")
@click.argument("key_id")
@click.argument("networks", metavar="CIDR...", nargs=-1)
@click.option("--any", "is_any", is_flag=True, help="Lift the limit: any address may use it.")
def allow_ip(key_id: str, networks: tuple[str, ...], *, is_any: bool) -> None:
    """Let the key KEY_ID be used from these networks only, in place of those it had."""
    from accounts.audit import CLI
    from cli.desk import at_desk, check_told

    if is_any == bool(networks):
        raise click.UsageError("name the networks, or --any")
    changed = at_desk(lambda desk: desk.keys.edit(key_id, {"allow": networks}, by=CLI))
    check_told(changed)
    click.echo(f"{changed.id} may be used from {', '.join(changed.allow) or 'any address'}")
