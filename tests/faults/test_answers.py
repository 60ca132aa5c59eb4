"""F8, F14: answers that are lost, doubled, late, out of order, or not the cloud's at all."""

import random
import time

import pytest

from gateway.sync.protocol import Ack, Fork, Poison, Position, Resend, Slow
from tests.faults import judge
from tests.faults.forger import NOWHERE, a_forger, history
from tests.faults.postman import Postman
from tests.faults.site import GW, OPEN_TO_ALL, Cloud, a_site, until
from tests.sync.brokers import Mosquitto


@pytest.fixture
def site(tmp_path):
    with a_site(tmp_path) as site:
        yield site


def test_a_postman_who_loses_doubles_and_mixes_messages_costs_nothing(site, tmp_path):
    far = Mosquitto(tmp_path, OPEN_TO_ALL)
    far.start()
    site.cloud = Cloud(tmp_path, far.port)
    site.up(rate=60)
    postman = Postman(site.broker.port, far.port, random.Random(8))
    try:
        for leaf in ("rec", "hello", "ack", "ctl"):
            for deed in ("lost", "doubled", "kept"):
                if leaf in {"rec", "ack"}:
                    until(lambda deed=f"{deed} {leaf}": postman.did[deed] >= 3, f"{deed} {leaf}")
        site.box.goes_on()
        postman.become_honest()
        site.ends_well()
    finally:
        postman.close()
        far.kill()


def test_nothing_is_done_because_somebody_says_so(site):
    """The cloud is away; whoever acknowledges now has not seen the records."""
    site.up(rate=40)
    site.comes_to_rest()
    old, known = history(site.box)
    site.cloud.kill()
    site.box.goes_on(20)
    _, last = history(site.box)
    with a_forger(site.broker.port, GW) as forger:
        for order in (
            Ack("an epoch of long ago", last),
            Poison(old, Position(known.seq + 1, NOWHERE), "a lie"),
            Resend(old, 10**9),
        ):
            forger.says(order)
        for nonsense in (b"", b"{}", b'{"epoch":"e","upto":-1}', b"[" * 50_000, b"\xff\xfe"):
            forger.says_bytes("ack", nonsense)
        until(lambda: site.box.log().count("is not understood") >= 5, "it hears the forger")
        judge.done_is_stored(site.cloud.db, site.box.db)
        assert history(site.box)[0] == old
    site.cloud.up()
    site.ends_well()


@pytest.mark.parametrize(
    "lie",
    [
        lambda epoch, last: Ack(epoch, Position(last.seq + 1000, NOWHERE)),
        lambda epoch, last: Ack(epoch, Position(last.seq, NOWHERE)),
        lambda epoch, last: Fork(epoch, Position(last.seq, NOWHERE)),
    ],
    ids=["a record of the future", "another record", "another history"],
)
def test_a_lie_about_the_history_costs_an_epoch_and_no_pass(site, lie):
    site.up(rate=40, cloud=False)
    site.box.goes_on(20)
    epoch, last = history(site.box)
    with a_forger(site.broker.port, GW) as forger:
        until(lambda: site.box.connections() > 0, "the box is there")
        forger.says(lie(epoch, last))
        until(lambda: history(site.box)[0] != epoch, "a new epoch")
    site.cloud.up()
    site.ends_well()
    assert judge.alarms(site.cloud.db)["history_forked"] == 1


def test_even_who_knows_the_chain_cannot_make_the_box_forget(site):
    """The records stay for days, and the cloud asks for what it does not have."""
    site.up(rate=40)
    site.comes_to_rest()
    site.cloud.kill()
    site.box.goes_on(20)
    epoch, last = history(site.box)
    with a_forger(site.broker.port, GW) as forger:
        until(lambda: "uplink: no answer" in site.box.log(), "what was sent is in nobody's hands")
        forger.says(Ack(epoch, last))

        def believed():
            ((acked,),) = judge.rows(site.box.db, "select acked_seq from meta")
            return acked >= last.seq

        until(believed, "the box believes it")
        site.box.say("rate 0")
    site.cloud.up()
    site.ends_well()


def test_a_cloud_that_asks_for_patience_gets_it_and_then_everything(site):
    site.up()
    with a_forger(site.broker.port, GW) as cloud:
        until(lambda: site.box.connections() > 0, "the box is there")
        cloud.says(Slow(rate=50.0, for_s=600.0))
        cloud.says_bytes("ctl", b"a mark")
        until(lambda: "is not understood" in site.box.log(), "it was heard")
        began = time.monotonic()
        site.box.say("burst 150")
        site.box.has_committed(150)
        site.comes_to_rest()
        assert time.monotonic() - began > (150 - 50) / 50.0, "it kept no measure"
        cloud.says(Slow(rate=0.0, for_s=0.0))
    site.ends_well()
