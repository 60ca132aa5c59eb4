"""A progress bar for commands that take their time; silent where nobody sees it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[str, float, float | None], object]


@contextmanager
def progress() -> Iterator[Tell]:
    """Gives `tell(what, done, total)`, on standard error; `total` None is not known."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task("", total=None)
        yield lambda what, done, total: bars.update(
            bar, description=what, completed=done, total=total
        )
