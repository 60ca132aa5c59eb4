"""The session that somebody means by an id or a plate."""

from dataclasses import dataclass
from typing import Any

import click

from gateway.commands.sessions_options import database_of
from gateway.config import Config
from gateway.rules.access import spelled
from gateway.store import StoreError
from gateway.store.dossier import dossier, find_credit, find_session

SIGNS = {"payment": 1, "deduction": 1, "settled": 1, "refund": -1}


@dataclass(frozen=True, slots=True)
class Found:
    """One session, as the store has it."""

    row: dict[str, Any]
    config: Config

    @property
    def session_id(self) -> str:
        return str(self.row["session_id"])

    @property
    def plate(self) -> str:
        return self.row["plate"] or ""

    @property
    def plate_type(self) -> str:
        return self.row["plate_type"] or ""

    @property
    def plate_colour(self) -> str:
        return self.row["plate_colour"] or ""

    @property
    def inside(self) -> bool:
        return self.row["closing"] is None

    @property
    def whole(self) -> bool:
        """Seen to come, and over."""
        return not self.inside and self.row["entered_at"] is not None

    @property
    def debt_fen(self) -> int:
        """What it still owes, after its end."""
        return max(0, int(self.row["owed_fen"] - self.row["settled_fen"]))

    @property
    def words(self) -> str:
        """Within a sentence."""
        return f"stay {self.session_id} of {self.plate or 'a vehicle without a plate'}"

    @property
    def first_words(self) -> str:
        """At its beginning."""
        return f"S{self.words[1:]}"

    def got_fen(self) -> int:
        """What was paid for it in all, less what was given back."""
        found = dossier(database_of(self.config), self.session_id)
        money = found.money if found else ()
        return sum(SIGNS.get(row["kind"], 0) * row["amount_fen"] for row in money)

    def others_inside(self, plate: str) -> "Found | None":
        """Another vehicle's stay under that plate, not over yet."""
        row = _looked_up(self.config, plate)
        found = row and Found(row, self.config)
        return found if found and found.inside and found.session_id != self.session_id else None


def found_one(config: Config, whose: str) -> Found:
    """`whose`: a session's id, or a plate. Where there is none, the program ends with 1."""
    row = _looked_up(config, whose) or _looked_up(config, spelled(whose))
    if row is None:
        raise click.ClickException(
            f"there is no stay {whose}: it is neither a session's id nor a plate that was here;"
            " look at `lanegate sessions`"
        )
    return Found(row, config)


def _looked_up(config: Config, whose: str) -> dict[str, Any] | None:
    try:
        return find_session(database_of(config), whose)
    except StoreError as error:
        raise click.ClickException(str(error)) from error


def credit_of(config: Config, credit_id: str) -> dict[str, Any]:
    """Where there is none, or it is used or revoked, the program ends with 1."""
    try:
        credit = find_credit(database_of(config), credit_id)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    if credit is None:
        raise click.ClickException(f"there is no credit {credit_id}; see `lanegate sessions show`")
    for gone in ("used_by", "revoked_at"):
        if credit[gone]:
            word = "used by session" if gone == "used_by" else "revoked at"
            raise click.ClickException(f"credit {credit_id} was {word} {credit[gone]} already")
    return credit
