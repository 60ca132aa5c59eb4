"""Thousands of lives of a gateway and its cloud, and proof that the simulation can fail."""

import hashlib
import logging
from collections import Counter
from dataclasses import replace

import pytest

from gateway.store import outbox
from gateway.store.shelf import Shelf
from gateway.sync.desk import Desk, Outcome
from gateway.sync.protocol import Ack, Position
from tests.sync.paper import close_all
from tests.sync.world import WEIGHTS, Box, simulate

SEEDS = 5_000
PORTION = 500


@pytest.fixture(autouse=True)
def quiet():
    """Faults by the thousand are no news here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("first", range(0, SEEDS, PORTION))
def test_no_fault_loses_a_pass_or_counts_it_twice(first):
    happened = Counter()
    for seed in range(first, first + PORTION):
        try:
            happened += simulate(seed).happened
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        close_all()
    assert set(happened) == set(WEIGHTS)


def test_the_same_seed_tells_the_same_story():
    first, second = simulate(7), simulate(7)
    assert first.committed == second.committed
    assert first.happened == second.happened
    assert first.in_cloud() == second.in_cloud()


# --- the simulation can fail: each of these is a gateway that somebody might have written ----


class BelievesEveryAck(Desk):
    """No chain check: what the cloud acknowledges is taken for ours."""

    def hear(self, shelf, message, mono):
        if isinstance(message, Ack) and (own := shelf.chain_at(message.upto.seq)):
            message = replace(message, upto=Position(message.upto.seq, own))
        return super().hear(shelf, message, mono)


class NeverForks(Desk):
    def _fork(self, reason, mono):
        return Outcome()


class ForksOnlyForAcks(Desk):
    """The cloud's order to fork is not followed."""

    def hear(self, shelf, message, mono):
        return super().hear(shelf, message, mono) if isinstance(message, Ack) else Outcome()


class UnknowingBox(Box):
    desk_class = BelievesEveryAck


class StubbornBox(Box):
    desk_class = NeverForks


class DeafBox(Box):
    desk_class = ForksOnlyForAcks


class BrokersFriend(Box):
    """Done is what the broker took."""

    def send(self, limit=200):
        sent = super().send(limit)
        if sent:
            upto = self.state.sent
            Shelf(self.db).mark_acked(upto)
            self.desk._sender = replace(self.state, acked=upto, window=())
        return sent


class CountingBox(Box):
    """A pass's id from its place in the history."""

    def pass_id(self):
        meta = outbox.meta(self.db)
        return hashlib.sha256(f"{meta.epoch} {meta.last.seq}".encode()).hexdigest()[:32]


class ForgetfulBox(Box):
    """A crash while an epoch begins: what had not moved yet stays behind."""

    def finish_epoch(self):
        self.db.execute("update meta set epoch = coalesce((select epoch from upkeep), epoch)")
        self.db.execute(
            "update meta set last_seq = (select seq from upkeep), acked_seq = 0,"
            " last_chain = (select chain from upkeep) where exists"
            " (select 1 from upkeep where epoch is not null)"
        )
        self.db.execute("update upkeep set epoch = null")


@pytest.mark.parametrize(
    ("mutant", "within"),
    [
        ({"box_class": StubbornBox}, 100),
        ({"box_class": DeafBox}, 100),
        ({"box_class": UnknowingBox}, 100),
        ({"box_class": CountingBox}, 100),
        ({"box_class": BrokersFriend}, 100),
        ({"box_class": ForgetfulBox}, 100),
        ({"retain_s": 0.0}, 500),
    ],
    ids=lambda value: str(value.get("box_class", value)) if isinstance(value, dict) else "",
)
def test_a_gateway_that_is_built_wrong_is_found_out(mutant, within):
    assert any(fails(seed, mutant) for seed in range(within))


def fails(seed, mutant):
    try:
        simulate(seed, **mutant)
    except (AssertionError, LookupError, ValueError) as error:
        return str(error) or repr(error)
    finally:
        close_all()
    return ""
