"""``manage.py account``: who may call, and on which plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli.output import as_json, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from accounts.accounts import Account
    from accounts.audit import Record
    from cli.desk import Desk

PLANS = click.Choice(["free", "basic", "pro", "business"])
_COLUMNS = ("id", "email", "plan", "status", "created_at")
_RECORD = ("at", "who", "what", "key_id", "before", "after", "request_id")


@click.group()
def account() -> None:
    """Make, show and change accounts."""


@account.command()
@click.option("--email", required=True, help="Address of the account's owner.")
@click.option("--plan", type=PLANS, required=True)
@as_json
def create(email: str, plan: str, *, is_json: bool) -> None:
    """Make an account with a first key, which is shown this once only."""
    from accounts.audit import CLI
    from cli.desk import at_desk
    from settings.plans import PlanName

    async def act(desk: Desk) -> tuple[Account, str]:
        made = await desk.accounts.create(email, PlanName(plan), by=CLI)
        _, secret = await desk.keys.issue(made.id, label="first key", by=CLI)
        return made, secret

    made, secret = at_desk(act)
    if is_json:
        shown = {"account_id": made.id, "email": made.email, "plan": made.plan.value}
        print_json({**shown, "key": secret})
        return
    print_table(("account", "email", "plan"), [(made.id, made.email, made.plan.value)])
    click.echo(f"\nkey: {secret}\nKeep it now: it cannot be shown again.")


@account.command("list")
@as_json
def list_accounts(*, is_json: bool) -> None:
    """List all accounts."""
    from cli.desk import at_desk

    _show(at_desk(lambda desk: desk.accounts.list()), is_json=is_json)


@account.command()
@click.argument("who")
@as_json
def show(who: str, *, is_json: bool) -> None:
    """Show the account WHO (id or e-mail address)."""
    from cli.desk import at_desk

    _show([at_desk(lambda desk: desk.accounts.find(who))], is_json=is_json)


@account.command()
@click.argument("who")
def suspend(who: str) -> None:
    """Refuse all calls of the account WHO."""
    _set_status(who, "suspended")


@account.command()
@click.argument("who")
def resume(who: str) -> None:
    """Admit calls of the account WHO again."""
    _set_status(who, "active")


@account.command("set-plan")
@click.argument("who")
@click.argument("plan", type=PLANS)
def set_plan(who: str, plan: str) -> None:
    """Put the account WHO on another PLAN, with effect from its next call."""
    from accounts.audit import CLI
    from cli.desk import at_desk, check_told
    from settings.plans import PlanName

    changed = at_desk(lambda desk: desk.accounts.set_plan(who, PlanName(plan), by=CLI))
    check_told(changed)
    click.echo(f"{changed.email} is on {changed.plan.value}")


@account.command()
@click.argument("who")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@as_json
def audit(who: str, *, limit: int, is_json: bool) -> None:
    """Show who changed the account WHO and its keys, and how, newest first."""
    from cli.desk import at_desk

    async def act(desk: Desk) -> list[Record]:
        found = await desk.accounts.find(who)
        return (await desk.audit.page(found.id, limit=limit)).items

    records = at_desk(act)
    rows = [
        (one.at, one.by.who, one.what.value, one.key_id, one.before, one.after, one.by.request_id)
        for one in records
    ]
    if is_json:
        print_json([dict(zip(_RECORD, row, strict=True)) for row in rows])
    else:
        print_table(_RECORD, [(*row[:4], _words(row[4]), _words(row[5]), row[6]) for row in rows])


def _words(values: Mapping[str, Any]) -> str | None:
    return ", ".join(f"{name}={value}" for name, value in values.items()) or None


def _set_status(who: str, status: str) -> None:
    from accounts.accounts import Status
    from accounts.audit import CLI
    from cli.desk import at_desk, check_told

    changed = at_desk(lambda desk: desk.accounts.set_status(who, Status(status), by=CLI))
    check_told(changed)
    click.echo(f"{changed.email} is {changed.status.value}")


def _show(accounts: list[Account], *, is_json: bool) -> None:
    rows: list[tuple[Any, ...]] = [
        (one.id, one.email, one.plan.value, one.status.value, one.created_at) for one in accounts
    ]
    if is_json:
        print_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        print_table(_COLUMNS, rows)
