"""One camera's child at work: which frames are read, and what is told of the others."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace

from gateway import pipe
from gateway.capture.album import Album, Print
from gateway.capture.attention import Attention
from gateway.capture.closer import closer
from gateway.capture.condition import Inspector
from gateway.capture.look import Look, look_at
from gateway.capture.motion import Motion
from gateway.capture.tracks import MOST_NUMBERS, Tracks
from gateway.capture.view import View, window
from gateway.lane.plates import Gate, doubt, judge
from gateway.lane.types import Corners, PlateCandidate, PlateReading
from gateway.ports import Camera, DeviceError, Frame, LiveCamera, Reader
from gateway.sight import Condition

MOST_PLATES = pipe.MOST_PICTURES - 1
OLDEST_S = 1.0
BEAT_S = 1.0
SILENT_S = 2.0
FIRST_PICTURE_S = 3.0
HUNG_S = 12.0
# A driver that names its trouble tries for itself; in a new process it may have more luck.
GIVEN_UP_S = 600.0


class Observer:
    """Everything but the pipe and the threads. Times are monotonic seconds."""

    def __init__(
        self, camera: Camera, reader: Reader, gate: Gate, view: View, attention: Attention
    ) -> None:
        self._camera = camera
        self._reader = reader
        self._gate = gate
        self._view = view
        self._attention = attention
        # A process that was replaced in mid-visit must not give its numbers to other plates.
        self._album, self._tracks = Album(), Tracks(random.randrange(MOST_NUMBERS))  # noqa: S311
        self._motion, self._inspector = Motion(), Inspector(view)
        self._doubtful: Corners | None = None
        now = time.monotonic()
        self._silent_after = now + FIRST_PICTURE_S
        self._taken_at = self._told_at = now
        self._told: tuple[Condition, str] | None = None

    def observed(self, frame: Frame | None) -> pipe.Message | None:
        """What is to be told after a frame, or after a while without one; None for nothing.

        Raises `DeviceError` where the camera hangs, and from the reader.
        """
        now = time.monotonic()
        if frame is None or now - frame.taken_at > OLDEST_S:
            self._set_pace(now)
            return self._without_picture(now, late=frame is not None)
        self._taken_at, self._silent_after = frame.taken_at, now + SILENT_S
        look = look_at(frame, self._view, now)
        moving = self._motion.seen(look)
        if moving:
            self._attention.moved(now)
        condition = self._inspector.judged(
            look, still=not moving, occupied=self._attention.occupied
        )
        news = self._news(frame, look, condition, now)
        self._set_pace(now)
        return self._told_now(now, condition, news, self._inspector.words)

    def _news(
        self, frame: Frame, look: Look, condition: Condition, now: float
    ) -> pipe.Message | None:
        """A picture that is the same as the one before has nothing to say, nor has a frozen one.

        Not even where a second look or a photo is wanted: it may show who was there long ago.
        """
        if condition is Condition.FROZEN or self._inspector.repeats:
            return None
        print_, message = Print(frame), None
        if self._attention.wants_reading(now):
            self._attention.read(now)
            message = self._read(frame, look, print_, again=self._attention.looks_again(now))
        if numbers := self._attention.wanted_photos():
            photo, message = print_.photo(), message or pipe.Message()
            photos = {number: name for number in numbers for name in photo}
            message = replace(message, photos=photos, pictures={**message.pictures, **photo})
        return message

    def _without_picture(self, now: float, *, late: bool) -> pipe.Message | None:
        if now < self._silent_after:
            return (
                None
                if self._told is None
                else self._told_now(now, self._told[0], None, self._told[1])
            )
        trouble = self._camera.trouble if isinstance(self._camera, LiveCamera) else ""
        why = trouble or (
            "pictures come more than a second late: is the line or this box overloaded?"
            if late
            else "no picture comes: check the camera's power and cable"
        )
        self._give_up(now - self._silent_after, trouble, late=late)
        return self._told_now(now, Condition.SILENT, None, why)

    def _give_up(self, silent_s: float, trouble: str, *, late: bool) -> None:
        if not trouble and not late and silent_s > HUNG_S:
            raise DeviceError("the camera's driver hangs: it gives neither pictures nor a reason")
        if trouble and silent_s > GIVEN_UP_S:
            raise DeviceError(f"no picture for ten minutes, begun afresh: {trouble}")

    def _told_now(
        self, now: float, condition: Condition, news: pipe.Message | None, why: str = ""
    ) -> pipe.Message | None:
        """At once where something is new, else as a sign of life."""
        told = (condition, why)
        if news is None and told == self._told and now - self._told_at < BEAT_S:
            return None
        self._told, self._told_at = told, now
        age_s = max(0.0, now - self._taken_at)
        return replace(news or pipe.Message(), condition=condition, words=why, age_s=age_s)

    def _set_pace(self, now: float) -> None:
        if isinstance(self._camera, LiveCamera):
            doubts = self._inspector.doubts
            self._camera.pace(0.0 if doubts else self._attention.pace_s(now))

    def _read(self, frame: Frame, look: Look, print_: Print, *, again: bool) -> pipe.Message:
        """Plates in the far background are left out where there are many, doubts before them.

        The nearest vehicle's plate, which is the largest, comes first, be it in doubt: the lane
        must not hear of a vehicle behind before it.
        """
        started = time.monotonic()
        found = self._found(frame, look, again=again)
        told = [reading for reading in map(self._told_of, found) if reading is not None]
        told.sort(key=lambda reading: (reading.sure, reading.width_px), reverse=True)
        numbered = self._tracks.numbered(told[:MOST_PLATES], frame.taken_at)
        numbered.sort(key=lambda reading: reading.width_px, reverse=True)
        self._doubtful = next((one.corners for one in numbered if not one.sure), self._doubtful)
        readings, pictures = self._album.with_evidence(numbered, print_, frame.taken_at)
        read_ms = (time.monotonic() - started) * 1000
        return pipe.Message(readings, pictures, read_ms, read=True)

    def _found(self, frame: Frame, look: Look, *, again: bool) -> Sequence[PlateCandidate]:
        """`again`: look once more, and closer, where the last doubt was."""
        part = window(self._view, *look.size)
        cut = part.cut(frame.image)
        found = self._reader.read(cut)
        if again and self._doubtful is not None:
            found = closer(found, self._reader.read, cut, part.inwards(self._doubtful))
        return part.back(found)

    def _told_of(self, candidate: PlateCandidate) -> PlateReading | None:
        """Where the gate refuses a possible plate, it is told as a doubt."""
        verdict = judge(candidate, self._gate)
        return verdict if isinstance(verdict, PlateReading) else doubt(candidate)
