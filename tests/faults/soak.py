"""Life after life of a box and its cloud, with one fault after the other, for hours."""
# ruff: noqa: T201 a command speaks by printing

import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults import judge
from tests.faults.bad_box import BOX
from tests.faults.bad_broker import BROKER
from tests.faults.bad_cloud import CLOUD
from tests.faults.bad_way import LOUD, SILENT
from tests.faults.biting import Trouble
from tests.faults.site import Site, a_site

TROUBLES: tuple[Trouble, ...] = (*SILENT, *LOUD, *BROKER, *CLOUD, *BOX)
A_LIFE = 25


def soak(hours: float, seed: int) -> int:
    """0, or 1 at the first violation; its folder is left for whoever looks into it."""
    give_up, happened, passes, lives = time.monotonic() + hours * 3600, Counter(), 0, 0
    while time.monotonic() < give_up:
        dice = random.Random(f"{seed} {lives}")
        folder = Path(tempfile.mkdtemp(prefix="lanegate-faults-"))
        told: list[str] = []
        try:
            with a_site(folder) as site:
                _live(site, dice, told, give_up)
                passes += len(judge.arrived(site.cloud.db))
        except AssertionError as error:
            print(f"seed {seed}, life {lives}: {error}\nafter: {', '.join(told)}\nleft: {folder}")
            return 1
        lives += 1
        happened.update(told)
        _forget(folder)
        print(f"{lives} lives, {passes} passes, each once; {happened.total()} faults", flush=True)
    for name, times in sorted(happened.items()):
        print(f"{times:6} {name}")
    return 0


def _live(site: Site, dice: random.Random, told: list[str], give_up: float) -> None:
    site.up(rate=30)
    for trouble in dice.choices(TROUBLES, k=A_LIFE):
        told.append(trouble.__name__)
        site.box.goes_on()
        trouble(site, dice)
        site.box.say("rate 30")
        if dice.random() < 0.5:
            site.comes_to_rest()
        if time.monotonic() > give_up:
            break
    site.ends_well()


def _forget(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
