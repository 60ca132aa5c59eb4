"""`lanegate sessions pay`, `refund`, `credit` ...: what the cloud would tell, told by a person."""

from datetime import UTC, datetime

import click

from gateway.commands import tariff_options
from gateway.commands.sessions_giving import Fields, Way, Wish, order
from gateway.commands.sessions_options import PlateText, Yuan
from gateway.lane.types import PlateColour, PlateType
from gateway.rules.tariff.words import yuan
from gateway.store.records import utc_text
from gateway.store.sessions.rows import credit_columns

reason_option = click.option("--reason", required=True, help="Goes into the records.")
means_option = click.option(
    "--means", default="cash", show_default=True, help="How it was paid: wechat, alipay, etc ..."
)
at_option = click.option(
    "--at", type=tariff_options.Moment(), help="When, on the clock of Shanghai; now, without it."
)


def _now_or(at: datetime | None) -> str:
    return utc_text(at or datetime.now(UTC))


# --- money -------------------------------------------------------------------------------


@order("pay")
@click.argument("whose")
@click.argument("amount", type=Yuan())
@means_option
@at_option
def pay(way: Way, *, whose: str, amount: int, means: str, at: datetime | None) -> Wish:
    """Take note of a payment of AMOUNT yuan for a stay. WHOSE is a session's id or a plate."""
    one = way.found(whose)
    if not one.inside:
        _no_more_than(amount, one.debt_fen, f"{one.first_words} is over and still owes")
    fields = {"session_id": one.session_id, "amount_fen": amount, "at": _now_or(at)}
    return Wish(
        "pay",
        fields | {"by": f"{means} ({way.by})"},
        f"{yuan(amount)} yuan are paid for {one.words}.",
        _back(f"refund {one.session_id} {yuan(amount)} --reason ..."),
    )


@order("settle")
@click.argument("whose")
@click.argument("amount", type=Yuan())
@means_option
@at_option
def settle(way: Way, *, whose: str, amount: int, means: str, at: datetime | None) -> Wish:
    """Take note that AMOUNT yuan of what a stay still owes are paid."""
    one = way.found(whose)
    if one.inside:
        raise click.ClickException(
            f"{one.first_words} is not over and owes nothing yet: use lanegate sessions pay"
        )
    _no_more_than(amount, one.debt_fen, f"{one.first_words} still owes")
    fields = {"session_id": one.session_id, "amount_fen": amount, "at": _now_or(at)}
    return Wish(
        "settle",
        fields | {"by": f"{means} ({way.by})"},
        f"{yuan(amount)} yuan of what is owed are paid for {one.words}.",
        _back(f"refund {one.session_id} {yuan(amount)} --reason ..."),
    )


@order("refund")
@click.argument("whose")
@click.argument("amount", type=Yuan())
@reason_option
@at_option
def refund(way: Way, *, whose: str, amount: int, reason: str, at: datetime | None) -> Wish:
    """Take note that AMOUNT yuan were given back."""
    one = way.found(whose)
    _no_more_than(amount, one.got_fen(), f"{one.first_words} brought")
    fields = {"session_id": one.session_id, "amount_fen": amount, "at": _now_or(at)}
    return Wish(
        "refund",
        fields | {"reason": _signed(reason, way)},
        f"{yuan(amount)} yuan were given back for {one.words}.",
        "This cannot be undone; money that comes again is a payment of its own.",
        for_good=True,
    )


# --- credits -----------------------------------------------------------------------------


def _credit_fields(text: str) -> Fields:
    try:
        columns = credit_columns(tariff_options.credit(text, "-"))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return {name: value for name, value in columns.items() if value}


@order("credit")
@click.argument("whose")
@click.argument("credit", metavar="CREDIT")
@click.option("--valid-until", type=tariff_options.Moment(), help="Not to be used later.")
@reason_option
def grant(way: Way, *, whose: str, credit: str, valid_until: datetime | None, reason: str) -> Wish:
    """Grant a stay a CREDIT, as after `lanegate tariff explain --credit`.

    Such as amount:5.00, minutes:60, percent:50 or all. It is used up when the vehicle leaves.
    """
    one = way.found(whose)
    if not one.inside:
        raise click.ClickException(
            f"{one.first_words} is over: a credit is used on leaving, or never"
        )
    fields = {"session_id": one.session_id, "reason": _signed(reason, way)}
    if valid_until is not None:
        fields |= {"valid_until": utc_text(valid_until)}
    return Wish(
        "credit",
        fields | _credit_fields(credit),
        f"A credit {credit} is granted for {one.words}.",
        f"To take it back, before it leaves: lanegate sessions revoke {way.order_id}",
    )


@order("revoke")
@click.argument("credit_id")
def revoke(way: Way, *, credit_id: str) -> Wish:
    """Take back a credit that was not used yet. CREDIT_ID is shown by `sessions show`."""
    way.found_credit(credit_id)
    return Wish(
        "revoke",
        {"credit_id": credit_id},
        f"Credit {credit_id} is revoked.",
        "To take it back: grant it again with lanegate sessions credit",
    )


@order("charge")
@click.argument("plate", type=PlateText())
@click.argument("number")
@click.option("--began", type=tariff_options.Moment(), required=True, help="When charging began.")
@click.option("--ended", type=tariff_options.Moment(), required=True, help="When it ended.")
@click.option("--kwh", type=click.FloatRange(0, 10_000), required=True, help="What was charged.")
@click.option("--credit", help="What it is worth, as for `sessions credit`.")
def charge(
    way: Way, *, plate: str, number: str, began: datetime, ended: datetime, kwh: float,
    credit: str | None,
) -> Wish:  # fmt: skip
    """Take note of a charging pile's order, by its NUMBER there. It counts once."""
    times = {"began": utc_text(began), "ended": utc_text(ended)}
    fields = {"order": number, "plate": plate, "wh": round(kwh * 1000)} | times
    worth = _credit_fields(credit) if credit else {}
    return Wish(
        "charge",
        fields | worth,
        f"Charging order {number} of {plate} is noted: {kwh:g} kWh.",
        _back(f"revoke {way.order_id}")
        if credit
        else "It gives no credit of its own; there is nothing to take back.",
    )


# --- sessions ----------------------------------------------------------------------------


@order("correct")
@click.argument("whose")
@click.argument("plate", type=PlateText())
@click.option("--type", "kind", type=click.Choice([str(one) for one in PlateType]),
              help="The right plate's type, where it is another one.")  # fmt: skip
@click.option("--colour", type=click.Choice([str(one) for one in PlateColour]),
              help="Its colour, where it is another one.")  # fmt: skip
@reason_option
def correct(
    way: Way, *, whose: str, plate: str, kind: str | None, colour: str | None, reason: str
) -> Wish:
    """Give a stay whose plate was read wrong the right PLATE.

    Where a vehicle is inside under the right plate, the two become one stay.
    """
    one = way.found(whose)
    fields = {"session_id": one.session_id, "plate": plate, "by": way.by, "reason": reason}
    same = one.others_inside(plate)
    return Wish(
        "correct",
        fields | {"plate_type": kind or one.plate_type, "plate_colour": colour or one.plate_colour},
        f"{one.first_words} gets the plate {plate}."
        + (f" It becomes one stay with {same.words}." if same else ""),
        "Two stays that became one cannot be parted again."
        if same
        else _back(f"correct {one.session_id} {one.plate} --reason ..."),
        for_good=same is not None,
    )


@order("merge")
@click.argument("whose")
@click.argument("into")
@reason_option
def merge(way: Way, *, whose: str, into: str, reason: str) -> Wish:
    """Make two stays one: WHOSE is the same stay as INTO. Each is a session's id or a plate."""
    one, other = way.found(whose), way.found(into)
    if one.session_id == other.session_id:
        raise click.ClickException(f"{one.first_words} is meant twice: name two stays by their ids")
    if one.whole and other.whole:
        raise click.ClickException(
            f"{one.first_words} and {other.words} both came and left: they are two stays"
        )
    return Wish(
        "merge",
        {"session_id": one.session_id, "into": other.session_id, "by": way.by, "reason": reason},
        f"{one.first_words} becomes one stay with {other.words}, under the plate of the second.",
        "Two stays that became one cannot be parted again.",
        for_good=True,
    )


@order("close")
@click.argument("whose")
@reason_option
def close(way: Way, *, whose: str, reason: str) -> Wish:
    """End a stay whose vehicle is no longer there, and that nobody saw leave."""
    one = way.found(whose)
    if not one.inside:
        raise click.ClickException(f"{one.first_words} is over already: there is nothing to end")
    return Wish(
        "close",
        {"session_id": one.session_id, "by": way.by, "reason": reason},
        f"{one.first_words} is ended by hand; it cost what was paid for it.",
        "It cannot be begun again: if the vehicle is there after all, it leaves as one that nobody"
        " saw come, and the lane's no_entry policy applies.",
        for_good=True,
    )


def _no_more_than(amount: int, most: int, words: str) -> None:
    if amount > most:
        raise click.ClickException(
            f"{words} {yuan(most)} yuan, not {yuan(amount)}: nothing is done"
        )


def _back(words: str) -> str:
    return f"To take it back: lanegate sessions {words}"


def _signed(reason: str, way: Way) -> str:
    return f"{reason} ({way.by})"


ORDERS = (pay, settle, refund, grant, revoke, charge, correct, merge, close)
