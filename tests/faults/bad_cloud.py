"""F9: what may happen to the cloud's side."""

import random
import time

from tests.faults.biting import Trouble
from tests.faults.site import Site, until


def killed_again_and_again(site: Site, dice: random.Random) -> None:
    for _ in range(2):
        time.sleep(dice.uniform(0.0, 0.4))
        site.cloud.kill()
        site.box.goes_on()
        site.cloud.up()


def killed_before_it_stored(site: Site, dice: random.Random) -> None:
    """It has a batch in its hands, and the broker knows."""
    _dies(site, f"batch:{dice.randint(1, 4)}")


def killed_between_commit_and_answer(site: Site, dice: random.Random) -> None:
    _dies(site, f"ack:{dice.randint(1, 4)}")


def _dies(site: Site, where: str) -> None:
    site.cloud.kill()
    site.cloud.up("--die", where)
    until(lambda: site.cloud.ended, f"the cloud dies at {where}")
    site.box.goes_on()
    site.cloud.up()


def set_back_to_a_backup(site: Site, _dice: random.Random) -> None:
    """Its acknowledgements were true once; the boxes still have what they were about."""
    image = site.cloud.image(site.folder / f"cloud-{time.monotonic_ns()}.db")
    site.box.goes_on(20)
    site.comes_to_rest()
    site.cloud.kill()
    site.cloud.restore(image)
    site.cloud.up()


CLOUD: tuple[Trouble, ...] = (
    killed_again_and_again,
    killed_before_it_stored,
    killed_between_commit_and_answer,
    set_back_to_a_backup,
)
