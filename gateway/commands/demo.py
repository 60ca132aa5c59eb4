"""`lanegate demo`: the whole product on embedded parts."""

import asyncio
from dataclasses import asdict
from typing import Any

import click


@click.command()
@click.option("--seconds", type=click.FloatRange(min=1), help="End by itself; else Ctrl-C ends it.")
@click.option("--seed", default=1, show_default=True, help="Which cars come.")
@click.option("--json", "as_json", is_flag=True, help="Only the sum at the end, as JSON.")
def demo(seconds: float | None, seed: int, *, as_json: bool) -> None:
    """Run the real daemon on simulated lanes and watch cars come, park, pay and leave.

    Exits 1 if a pass was lost or received twice, or money does not balance.
    """
    from rich.console import Console

    from gateway.demo.stage import DemoError

    console = Console(stderr=as_json)
    try:
        tally = asyncio.run(_played(seconds, seed, console, quiet=as_json))
    except DemoError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(tally.as_json())
    else:
        told = "   ".join(f"{name} {count}" for name, count in asdict(tally).items())
        console.print(told, soft_wrap=True)
    if not tally.good:
        raise click.exceptions.Exit(1)


async def _played(seconds: float | None, seed: int, console: Any, *, quiet: bool) -> Any:
    from rich.live import Live

    from gateway.demo.show import play
    from gateway.demo.view import screen

    if quiet:
        return await play(seconds, seed, None)
    if not console.is_terminal:
        return await play(seconds, seed, _lines(console))
    with Live(console=console, screen=False, auto_refresh=False) as live:
        return await play(seconds, seed, lambda seen: live.update(screen(seen), refresh=True))


def _lines(console: Any) -> Any:
    """Where there is no terminal: a line for each pass that ended."""
    told: set[str] = set()

    def look(seen: Any) -> None:
        for row in reversed(seen.passes):
            if row["ending"] and row["pass_id"] not in told:
                told.add(row["pass_id"])
                decided = f"{row['verdict']}: {row['reason']}"
                words = (row["arrived_at"], row["lane"], row["plate"] or "-", decided)
                console.print(*words, row["ending"], soft_wrap=True)

    return look
