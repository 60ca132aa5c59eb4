"""What a receiver makes of each message, within a transaction that `Work` stands for."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from gateway.sync import filing, messages, protocol
from gateway.sync.broker import Arrived
from gateway.sync.cloud.pictures import DamagedError, PictureFolder, note_kept
from gateway.sync.fields import MalformedError
from gateway.sync.ledger import Accept, Skip, Starts, heard_from, judge_batch, judge_hello
from gateway.sync.protocol import Ack, Batch, Fork, Have, Hello, Moment, Resend, Slow
from gateway.sync.work import Work, named_well

log = logging.getLogger(__name__)

BUSY = 200
SLOW = Slow(rate=200.0, for_s=5.0)
LATE_MS = 2000
"""What was under way for so long tells nothing of who is at work now."""
MOST_HELD = 10
RESEND_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Picture:
    """`content` is empty where the gateway does not have it any more."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Letter:
    """A message and what it says; None: nothing that is kept. `since`: when it came."""

    message: Arrived
    gw: str
    says: Batch | Hello | Picture | None
    since: float


def opened(message: Arrived, mono: float) -> Letter:
    """Raises `MalformedError`."""
    gw, leaf = protocol.split_topic(message.topic)
    named_well(gw)
    says: Batch | Hello | Picture | None = None
    if leaf == "rec":
        says = messages.decode_batch(message.payload)
        named_well(says.epoch, says.inst)
    elif leaf == "hello":
        says = messages.decode_hello(message.payload)
        named_well(says.epoch, says.inst, *([says.parent.epoch] if says.parent else []))
    elif leaf.startswith("snap/"):
        says = Picture(leaf.removeprefix("snap/"), message.payload)
    return Letter(message, gw, says, mono)


def picture_kept(work: Work, gw: str, picture: Picture, folder: PictureFolder | None) -> bool:
    """Whether there is something to note of it: its file is on the disk, or it is gone."""
    if folder is None or not picture.content:
        return folder is not None
    try:
        folder.keep(picture.name, picture.content)
    except DamagedError as error:
        work.counted["picture_damaged"] += 1
        log.warning("receiver: %s: %s", gw, error)
    except OSError as error:
        work.counted["picture_failed"] += 1
        where = error.filename or folder.path(picture.name)
        log.error("receiver: %s: %s; look at the disk", where, error.strerror)  # noqa: TRY400
    else:
        return True
    return False


class Judge:
    """What is in `held` is neither answered nor settled yet.

    `hold_s`: how long a batch waits for the one before it, which another receiver may have.
    """

    def __init__(self, hold_s: float, mono: Callable[[], float]) -> None:
        self.held: tuple[Letter, ...] = ()
        self._hold_s = hold_s
        self._mono = mono
        self._starts: dict[str, Starts] = {}
        self._slowed: dict[str, float] = {}
        self._resent: dict[str, float] = {}

    def judge(self, work: Work, letters: Sequence[Letter], waiting: int) -> tuple[Letter, ...]:
        """All of them, in order; gives those that wait on. `waiting`: messages behind these."""
        early = [letter for letter in letters if not self._settled(work, letter, waiting)]
        early = sorted((*self.held, *early), key=_place)
        held = [letter for letter in early if not self._settled(work, letter, 0)]
        for letter in held[MOST_HELD:]:
            self._ask_again(work, letter)
        return tuple(held[:MOST_HELD])

    def _settled(self, work: Work, letter: Letter, waiting: int) -> bool:
        try:
            if not self._dealt_with(work, letter):
                return False
            if waiting > BUSY and isinstance(letter.says, Batch):
                self._ask_for_patience(work, letter.gw)
        except MalformedError as error:
            tell_malformed(work, letter.message, error)
        work.settled.append(letter.message)
        return True

    def _dealt_with(self, work: Work, letter: Letter) -> bool:
        match letter.says:
            case Batch() as batch:
                return self._on_batch(work, letter, batch)
            case Hello() as hello:
                self._heard_from(work, letter.gw, hello.inst, hello.now)
                _on_hello(work, letter.gw, hello)
            case Picture(name, content):
                note_kept(work.db, letter.gw, name, len(content), work.at)
                work.counted["picture" if content else "picture_gone"] += 1
                work.answer(letter.gw, Have((name,)))
        return True

    def _on_batch(self, work: Work, letter: Letter, batch: Batch) -> bool:
        gw = letter.gw
        if letter not in self.held:
            self._heard_from(work, gw, batch.inst, batch.sent)
        upto = work.position(gw, batch.epoch)
        verdict = judge_batch(batch, upto, partial(work.chain_at, gw, batch.epoch))
        match verdict:
            case Resend() if self._mono() - letter.since < self._hold_s:
                return False
            case Resend():
                self._ask_again(work, letter, settled=True)
            case Fork():
                _fork(work, gw, verdict)
            case Accept():
                work.store_batch(gw, batch, verdict)
                work.answer(gw, Ack(batch.epoch, verdict.upto, packed=True))
                if verdict.poison is not None:
                    work.answer(gw, verdict.poison)
        return True

    def _ask_again(self, work: Work, letter: Letter, *, settled: bool = False) -> None:
        """Where several receivers hold what follows one lost batch, each asks once in a while."""
        if not settled:
            work.settled.append(letter.message)
        now = self._mono()
        if self._hold_s and now - self._resent.get(letter.gw, float("-inf")) < RESEND_EVERY_S:
            return
        self._resent[letter.gw] = now
        if isinstance(letter.says, Batch):
            epoch = letter.says.epoch
            work.answer(letter.gw, Resend(epoch, work.position(letter.gw, epoch).seq + 1))

    def _heard_from(self, work: Work, gw: str, inst: str, sent: Moment | None) -> None:
        """What comes late, from a broker or a receiver that died, is no sign of a second box."""
        if (work.learn_offset(gw, sent) or 0) > LATE_MS:
            return
        starts, twins = heard_from(self._starts.get(gw, Starts()), inst, self._mono())
        self._starts[gw] = Starts() if twins else starts
        if twins:
            work.counted["cloned"] += 1
            detail = "two boxes take turns under one name: a copy, or a certificate in two places"
            filing.store_alarm(work.db, gw, "cloned_identity", detail, work.at)
            log.error("receiver: %s: %s", gw, detail)

    def _ask_for_patience(self, work: Work, gw: str) -> None:
        now = self._mono()
        if now >= self._slowed.get(gw, now):
            self._slowed[gw] = now + SLOW.for_s
            work.answer(gw, SLOW)


def tell_malformed(work: Work, message: Arrived, error: MalformedError) -> None:
    work.counted["malformed"] += 1
    log.warning("receiver: a message on %.200r is not understood: %s", message.topic, error)


def _place(letter: Letter) -> tuple[str, int]:
    return letter.gw, letter.says.before.seq if isinstance(letter.says, Batch) else 0


def _fork(work: Work, gw: str, fork: Fork) -> None:
    log.warning("receiver: %s tells another history of epoch %s", gw, fork.epoch)
    work.answer(gw, fork)


def _on_hello(work: Work, gw: str, hello: Hello) -> None:
    known = work.start_known(gw, hello.epoch, hello.inst)
    chain_at = partial(work.chain_at, gw, hello.epoch)
    verdict = judge_hello(hello, work.position(gw, hello.epoch), chain_at, inst_known=known)
    if isinstance(verdict, Fork):
        _fork(work, gw, verdict)
        return
    work.store_start(gw, hello.epoch, hello.inst)
    _look_at_parent(work, gw, hello)
    if isinstance(verdict, Skip):
        work.store_skip(gw, verdict)
        verdict = Ack(hello.epoch, verdict.upto)
    if isinstance(verdict, Ack):
        verdict = Ack(verdict.epoch, verdict.upto, packed=True)
    work.answer(gw, verdict)


def _look_at_parent(work: Work, gw: str, hello: Hello) -> None:
    """What the gateway let go before its new epoch began, and this receiver does not have."""
    parent = hello.parent
    if parent is None:
        return
    upto = work.position(gw, parent.epoch)
    if parent.kept > upto.seq:
        work.lose(gw, parent.epoch, (upto.seq + 1, parent.kept))
