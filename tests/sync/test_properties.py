"""Whatever the link does, and whoever crashes: every record arrives once, and in order."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.sync.paper import PaperGateway, PaperReceiver, copy_of, heal


class BadLink(RuleBasedStateMachine):
    """The link loses, doubles and reorders; both sides may stop at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.gateway = PaperGateway()
        self.receiver = PaperReceiver()

    @rule(count=st.integers(1, 5), size=st.sampled_from([0, 0, 0, 50_000]))
    def vehicles_pass(self, count, size):
        for _ in range(count):
            self.gateway.commit(size)

    @rule(limit=st.integers(1, 6))
    def the_gateway_sends(self, limit):
        self.gateway.send(limit)

    @rule(data=st.data(), keep=st.booleans())
    def a_message_arrives_above(self, data, keep):
        self._carry(self.gateway.link, self.receiver, data, keep=keep)

    @rule(data=st.data(), keep=st.booleans())
    def a_message_arrives_below(self, data, keep):
        self._carry(self.receiver.link, self.gateway, data, keep=keep)

    def _carry(self, link, to, data, *, keep):
        if link.sent:
            place = data.draw(st.integers(0, len(link.sent) - 1))
            message = link.sent[place] if keep else link.sent.pop(place)
            to.hear(*message)

    @rule()
    def everything_arrives_in_order(self):
        for link, to in (
            (self.gateway.link, self.receiver),
            (self.receiver.link, self.gateway),
        ):
            waiting, link.sent = link.sent, []
            for message in waiting:
                to.hear(*message)

    @rule(data=st.data())
    def a_message_is_lost(self, data):
        for link in (self.gateway.link, self.receiver.link):
            if link.sent:
                link.sent.pop(data.draw(st.integers(0, len(link.sent) - 1)))

    @rule()
    def the_broker_forgets_everything(self):
        self.gateway.link.sent.clear()
        self.receiver.link.sent.clear()
        self.gateway.reconnect()

    @rule(seconds=st.sampled_from([0.1, 2.0, 8.0, 70.0]))
    def time_goes_by(self, seconds):
        self.gateway.tick(seconds)

    @rule()
    def the_gateway_crashes(self):
        self.gateway.crash()

    @invariant()
    def nothing_is_done_that_is_not_stored_above(self):
        for epoch, seq, chain in self.gateway.done():
            assert self.receiver.chain(epoch, seq) == chain

    @invariant()
    def nothing_counts_twice_and_nothing_is_left_out(self):
        summary = self.receiver.summary()
        assert summary["duplicated"] == 0
        assert summary["gaps"] == 0
        assert summary["passes"] == self.receiver.passes()

    def teardown(self):
        heal(self.gateway, self.receiver)
        self.nothing_is_done_that_is_not_stored_above()
        self.nothing_counts_twice_and_nothing_is_left_out()
        self.all_of_it_is_above()

    def all_of_it_is_above(self):
        assert self.receiver.applied() == self.gateway.bodies()


class BadLinkAndBackups(BadLink):
    """Now the gateway's file may be set back to an earlier copy of itself, too."""

    def __init__(self) -> None:
        super().__init__()
        self.backup = copy_of(self.gateway.db)

    @rule()
    def a_backup_is_made(self):
        self.backup = copy_of(self.gateway.db)

    @rule()
    def the_backup_is_restored(self):
        self.gateway.db = copy_of(self.backup)
        self.gateway.crash()

    def all_of_it_is_above(self):
        assert set(self.gateway.bodies()) <= set(self.receiver.applied())


quick = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

TestBadLink = BadLink.TestCase
TestBadLink.settings = quick
TestBadLinkAndBackups = BadLinkAndBackups.TestCase
TestBadLinkAndBackups.settings = quick
