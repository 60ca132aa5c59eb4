"""Whatever comes in whatever order: the quota holds, and nothing goes before its turn."""

import hashlib
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from gateway.evidence.cabinet import Cabinet, Limits
from gateway.evidence.files import Files
from gateway.worth import Worth

QUOTA, KEEP_S = 10_000, 100.0
WORTHS = st.sampled_from([Worth.PASS, Worth.FRAME, Worth.DOUBT, Worth.CASE])


class MemoryFiles(Files):
    """A disk in memory: what the cabinet asks of it is all that counts here."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.content: dict[str, bytes] = {}

    def write(self, name, jpeg):
        self.content[name] = jpeg

    def read(self, name):
        if name not in self.content:
            raise FileNotFoundError
        return self.content[name]

    def remove(self, name):
        self.content.pop(name, None)

    def sizes(self):
        return {name: len(jpeg) for name, jpeg in self.content.items()}


class Known:
    """What the model knows of a picture."""

    def __init__(self, turn, size, worth, at):
        self.turn, self.size, self.worth, self.at = turn, size, worth, at
        self.sent = False
        self.wanted = 0

    @property
    def rank(self):
        return (self.worth, not self.sent, self.turn)


class CabinetOverTime(RuleBasedStateMachine):
    names = Bundle("names")

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="lanegate-test-")
        self.files = MemoryFiles(Path(self.folder.name))
        self.cabinet = Cabinet(self.files, Limits(QUOTA, KEEP_S, floor_s=10.0))
        self.model: dict[str, Known] = {}
        self.turn = self.orders = 0
        self.ran_s = 0.0

    def teardown(self):
        self.cabinet.close()
        self.folder.cleanup()

    @rule(target=names, size=st.integers(1, 12), worth=WORTHS)
    def keep(self, size, worth):
        self.turn += 1
        jpeg = self.turn.to_bytes(4, "big") * (size * 25)
        name = hashlib.sha256(jpeg).hexdigest()
        assert self.cabinet.keep(name, jpeg, worth)
        self.model[name] = Known(self.turn, len(jpeg), worth, self.ran_s)
        while sum(one.size for one in self.model.values()) > QUOTA:
            del self.model[min(self.model, key=lambda name: self.model[name].rank)]
        return name

    @precondition(lambda self: self.model)
    @rule(data=st.data(), worth=WORTHS)
    def name_again(self, data, worth):
        name = data.draw(st.sampled_from(sorted(self.model)))
        self.cabinet.value([name], worth)
        one = self.model[name]
        one.worth = worth if one.worth is Worth.FRAME else max(one.worth, worth)

    @rule(name=names)
    def want(self, name):
        missing = self.cabinet.want((name,))
        assert missing == (() if name in self.model else (name,))
        if one := self.model.get(name):
            # A place in the queue is free again once nobody waits behind it.
            self.orders = max([each.wanted for each in self.model.values()], default=0)
            one.sent, one.wanted = False, one.wanted or self.orders + 1

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def have(self, data):
        name = data.draw(st.sampled_from(sorted(self.model)))
        self.cabinet.have((name, "no picture"))
        self.model[name].sent, self.model[name].wanted = True, 0

    @rule(seconds=st.floats(0.0, 60.0))
    def time_goes_by(self, seconds):
        self.ran_s += seconds
        due = {name for name, one in self.model.items() if one.at <= self.ran_s - KEEP_S}
        assert self.cabinet.tend(seconds) == len(due)
        for name in due:
            del self.model[name]

    @rule()
    def start_again(self):
        self.cabinet.close()
        self.cabinet = Cabinet(self.files, Limits(QUOTA, KEEP_S, floor_s=10.0))

    @invariant()
    def what_is_here_is_what_should_be(self):
        assert set(self.files.content) == set(self.model)
        assert self.cabinet.totals().bytes == sum(one.size for one in self.model.values()) <= QUOTA

    @invariant()
    def the_cloud_is_offered_what_it_wants_first(self):
        wanted = [name for name, one in self.model.items() if one.wanted]
        wanted.sort(key=lambda name: self.model[name].wanted)
        rest = [name for name, one in self.model.items() if not one.wanted and not one.sent]
        rest.sort(key=lambda name: (-self.model[name].worth, self.model[name].turn))
        offered = [one.name for one in self.cabinet.waiting(1000, everything=True)]
        assert offered == wanted + rest
        assert not self.cabinet.trouble


TestCabinetOverTime = CabinetOverTime.TestCase
TestCabinetOverTime.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
