"""F7: what may happen to the way between a box and its broker."""

import random

from tests.faults.biting import Trouble, bites, gives_up, says
from tests.faults.proxy import Door, Fault, Way
from tests.faults.site import Site, until

BOTH = frozenset(Way)


def black_hole(site: Site, _dice: random.Random) -> None:
    """Nothing gets through, and nobody says so; nor do new connections."""
    mute = says(site, "did not answer")
    with site.way.being(Fault(dead=BOTH)):
        gives_up(site)
        until(mute, "a new connection is mute")
        site.box.goes_on()


def half_open_up(site: Site, _dice: random.Random) -> None:
    """The box hears the cloud, the cloud does not hear the box."""
    with site.way.being(Fault(dead=frozenset({Way.UP}))):
        gives_up(site)
        site.box.goes_on()


def half_open_down(site: Site, _dice: random.Random) -> None:
    """What the box sends arrives; no answer ever comes back."""
    with site.way.being(Fault(dead=frozenset({Way.DOWN}))):
        gives_up(site)
        site.box.goes_on()


def reset_in_a_batch(site: Site, dice: random.Random) -> None:
    bitten = bites(site, "reset in a batch", 3)
    with site.way.being(Fault(reset_after=dice.randint(50, 120))):
        until(bitten, "an RST in the middle of three batches")


def cut_again_and_again(site: Site, dice: random.Random) -> None:
    for _ in range(3):
        connected = site.box.connections()
        site.way.cut()
        until(lambda before=connected: site.box.connections() > before, "the box is back")
        site.box.goes_on(dice.randint(1, 5))


def one_byte_a_second(site: Site, _dice: random.Random) -> None:
    """Bytes are scaled as time is: about ten a second."""
    bitten = bites(site, "single bytes", 20)
    with site.way.being(Fault(bytes_per_s=10.0)):
        until(bitten, "bytes come one by one")
        gives_up(site)
        site.box.goes_on()


def long_way(site: Site, _dice: random.Random) -> None:
    """A round trip longer than the box's patience for an answer, though the link is whole."""
    bitten, impatient = bites(site, "delayed", 10), says(site, "no answer from the cloud")
    with site.way.being(Fault(delay_s=0.5)):
        until(bitten, "bytes are late")
        until(impatient, "the box asks again")
        # It works all the same.
        site.comes_to_rest()


def lossy(site: Site, _dice: random.Random) -> None:
    bitten = bites(site, "stalled", 20)
    with site.way.being(Fault(stall_share=0.4, stall_s=0.2)):
        until(bitten, "chunks stall")
        site.comes_to_rest()


def refused(site: Site, _dice: random.Random) -> None:
    noticed = says(site, "cannot be reached")
    with site.way.being(Fault(door=Door.REFUSING)):
        until(noticed, "the box is told that nobody listens")
        site.box.goes_on()


def web_portal(site: Site, _dice: random.Random) -> None:
    """Somebody who is no broker answers HTTP 302 to everything."""
    bitten = bites(site, Door.WEB_PORTAL, 3)
    with site.way.being(Fault(door=Door.WEB_PORTAL)):
        until(bitten, "the portal answers")
        site.box.goes_on()


SILENT: tuple[Trouble, ...] = (
    black_hole,
    half_open_up,
    half_open_down,
    one_byte_a_second,
    long_way,
)
LOUD: tuple[Trouble, ...] = (reset_in_a_batch, cut_again_and_again, lossy, refused, web_portal)
