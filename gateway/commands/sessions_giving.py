"""How an order about a session goes to the daemon: asked for, checked, told, and taken back."""

import getpass
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from gateway import control
from gateway.commands.sessions_found import Found, credit_of, found_one
from gateway.commands.sessions_options import config_option, database_of, json_option, loaded
from gateway.store import StoreError
from gateway.store.dossier import was_told
from gateway.sync.fields import MalformedError
from gateway.sync.telling import decode

Fields = dict[str, Any]
DONE = "done"


@dataclass(frozen=True, slots=True)
class Wish:
    """`says` is what happens, `back` how it is taken back; `for_good`: it is asked for first."""

    do: str
    fields: Fields
    says: str
    back: str
    for_good: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """How an order goes to the daemon, and how its answer is told."""

    file: Path
    order_id: str
    by: str
    yes: bool
    as_json: bool

    def found(self, whose: str) -> Found:
        return found_one(loaded(self.file), whose)

    def found_credit(self, credit_id: str) -> None:
        """Ends the program where it cannot be revoked any more."""
        credit_of(loaded(self.file), credit_id)

    def stop_where_done(self) -> None:
        """What the first time did would stand against the second time."""
        try:
            done = was_told(database_of(loaded(self.file)), self.order_id)
        except StoreError as error:
            raise click.ClickException(str(error)) from error
        if done:
            self._answer(Wish("", {}, f"Order {self.order_id} was carried out before.", ""), DONE)
            raise SystemExit(0)

    def carry_out(self, wish: Wish) -> None:
        """Ends the program with 1 where it was not done."""
        order = {"do": wish.do, "id": self.order_id} | wish.fields
        self._checked(order)
        self._ask(wish)
        answer = self._told(order)
        self._answer(wish, answer)
        raise SystemExit(0 if answer == DONE else 1)

    def _ask(self, wish: Wish) -> None:
        if not wish.for_good or self.yes:
            return
        if self.as_json:
            raise click.UsageError(f"{wish.back} Nobody is asked with --json: add --yes")
        click.confirm(f"{wish.says}\n{wish.back}\nGo on?", abort=True)

    def _checked(self, order: Fields) -> None:
        try:
            decode(json.dumps(order).encode())
        except MalformedError as error:
            raise click.UsageError(str(error)) from error

    def _told(self, order: Fields) -> str:
        folder = loaded(self.file).data
        try:
            return control.tell(folder, order, self.by)
        except OSError as error:
            raise click.ClickException(
                f"no daemon answers in {folder} ({error.strerror or error}): is lanegate running"
                " with this configuration, and may you use its folder? The same again with --id"
                f" {self.order_id} is carried out once at most"
            ) from error

    def _answer(self, wish: Wish, answer: str) -> None:
        if self.as_json:
            told = {"answer": answer, "id": self.order_id, "says": wish.says, "back": wish.back}
            click.echo(json.dumps(told, ensure_ascii=False))
        elif answer == DONE:
            click.echo(f"{wish.says}\n{wish.back}".rstrip())
        else:
            click.echo(answer)


_SHARED = (
    json_option,
    click.option("--yes", is_flag=True, help="Do not ask."),
    click.option("--id", "order_id", default=lambda: secrets.token_hex(16),
                 help="That of an order which got no answer: it is carried out once."),
    click.option("--by", default=getpass.getuser, help="Who gives the order; you, without it."),
    config_option,
)  # fmt: skip


def order(name: str) -> Callable[[Callable[..., Wish]], click.Command]:
    """A command whose function says what is wished; how it is given is the same for all."""

    def made(wished: Callable[..., Wish]) -> click.Command:
        @wraps(wished)
        def run(
            *, file: Path, by: str, order_id: str, yes: bool, as_json: bool, **typed: Any
        ) -> None:
            way = Way(file, order_id, by, yes, as_json)
            way.stop_where_done()
            way.carry_out(wished(way, **typed))

        command: Callable[..., None] = run
        for option in _SHARED:
            command = option(command)
        return click.command(name)(command)

    return made
