"""Slaves that do not answer are asked less and less, so that the others keep the line."""

import logging
from dataclasses import dataclass

from drivers.modbus.errand import AwayError, Errand, NoAnswerError

log = logging.getLogger(__name__)

PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
SILENCE_WEIGHS = 3
AWAY_AT = 4 * SILENCE_WEIGHS


@dataclass(slots=True)
class _Absence:
    since: float
    sentence: str
    weight: int = 0
    pauses: int = 0
    ask_again_at: float = 0.0


class Absences:
    """Who is away: after 4 silences, or 12 spoilt answers, on end. One right answer ends it.

    A spoilt answer weighs less: on a noisy line the slave is there all the same.
    """

    def __init__(self, line: str) -> None:
        self._line = line
        self._slaves: dict[int, _Absence] = {}

    def suspects(self, slave: int) -> bool:
        """Whether the slave's last answer is missing."""
        return slave in self._slaves

    def refuse(self, errand: Errand, now: float) -> None:
        """Raise `AwayError` with the slave's last trouble; an order is always tried."""
        absence = self._slaves.get(errand.slave)
        if absence is None or errand.is_order or now >= absence.ask_again_at:
            return
        rest_s = absence.ask_again_at - now
        raise AwayError(f"{absence.sentence} (it is asked again in {rest_s:.1f} s)")

    def missed(self, slave: int, error: NoAnswerError, now: float) -> None:
        absence = self._slaves.setdefault(slave, _Absence(since=now, sentence=""))
        absence.sentence = str(error)
        absence.weight += SILENCE_WEIGHS if error.silent else 1
        if absence.weight >= AWAY_AT and now >= absence.ask_again_at:
            absence.ask_again_at = now + PAUSES_S[min(absence.pauses, len(PAUSES_S) - 1)]
            absence.pauses += 1

    def answered(self, slave: int, now: float) -> None:
        absence = self._slaves.pop(slave, None)
        if absence is not None and absence.pauses:
            away_s = now - absence.since
            log.info("%s: slave %d answers again after %.1f s", self._line, slave, away_s)

    def forget(self) -> None:
        """The line was opened anew: what was known of its slaves is old."""
        self._slaves.clear()
