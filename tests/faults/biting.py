"""Proof that a fault bit: one that did not is a failure of the test, no success of the product."""

import random
from collections.abc import Callable, Iterable

from tests.faults.site import Part, Site, until

Trouble = Callable[[Site, random.Random], None]
"""Returns once it has bitten and is over; the soak mixes them."""


def bites(site: Site, name: str, times: int = 1) -> Callable[[], bool]:
    """Whether the way did this so often from now on."""
    before = site.way.bites[name]
    return lambda: site.way.bites[name] >= before + times


def says(who: Site | Part, words: str, times: int = 1) -> Callable[[], bool]:
    """Whether the box (or another part) says this from now on."""
    part = who.box if isinstance(who, Site) else who
    before = part.log().count(words)
    return lambda: part.log().count(words) >= before + times


def gives_up(site: Site) -> None:
    """The box finds that its connection, or the next one, is dead."""
    dead, mute = says(site, "it took no message for"), says(site, "did not answer")
    until(lambda: dead() or mute(), "the box gives the connection up")


def befall(site: Site, troubles: Iterable[Trouble]) -> None:
    """One after the other; after each, all that was committed must arrive."""
    for trouble in troubles:
        try:
            site.box.goes_on()
            trouble(site, random.Random(trouble.__name__))
            site.comes_to_rest()
        except AssertionError as error:
            raise AssertionError(f"{trouble.__name__}: {error}") from error
    site.ends_well()
