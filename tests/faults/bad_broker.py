"""F6: what may happen to the broker, and what a broker may do to messages."""

import random
import time

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.faults import judge
from tests.faults.biting import Trouble, bites
from tests.faults.site import Site, until


def killed_after_its_receipt(site: Site, _dice: random.Random) -> None:
    """It took the records, and comes back empty; the cloud never saw them."""
    with site.cloud.stopped():
        taken = bites(site, "receipts", 2)
        site.box.goes_on()
        until(taken, "the broker gives receipts")
        site.box.goes_on()
        judge.done_is_stored(site.cloud.db, site.box.db)
        site.broker.kill()
    site.box.goes_on()
    site.broker.start()


def killed_and_started(site: Site, dice: random.Random) -> None:
    for _ in range(2):
        connected = site.box.connections()
        site.broker.kill()
        time.sleep(dice.uniform(0.0, 0.5))
        site.broker.start()
        until(lambda before=connected: site.box.connections() > before, "the box is back")


BROKER: tuple[Trouble, ...] = (killed_after_its_receipt, killed_and_started)


def dropped(port: int) -> int:
    """How many messages the broker says that it threw away. Its `sys_interval` must be short."""
    found: list[int] = []
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _u, message: found.append(int(message.payload))
    client.on_connect = lambda client, *_: client.subscribe("$SYS/broker/publish/messages/dropped")
    client.connect("127.0.0.1", port)
    client.loop_start()
    until(lambda: found, "the broker tells how many messages it dropped")
    client.disconnect()
    client.loop_stop()
    return found[-1]
