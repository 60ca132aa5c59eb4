"""What was seen, drawn on the picture it was seen in."""

from collections.abc import Sequence
from typing import Any

from gateway.lane.types import Corners
from gateway.survey.lettering import Bgr, can_write_hanzi, line_height, write
from gateway.survey.sightings import Sighting

ACCEPTED: Bgr = (80, 230, 80)
REFUSED: Bgr = (60, 140, 255)
CAPTION: Bgr = (240, 240, 240)
JPEG_QUALITY = 90
# Letters of a 36th of the picture's shorter side can be read on a telephone, and hide little.
_LETTERS, _SMALLEST = 36, 13
_SMALLEST_SIDE = 480


def drawn(
    image: Any, sighting: Sighting, caption: Sequence[str] = (), *, hanzi: bool | None = None
) -> Any:
    """A copy of `image` (BGR). Green: read. Orange: refused, and why.

    Each plate has its corners, text, least sure character and box score; `caption` are lines at
    the top. `hanzi`: None where OpenCV decides. Small pictures are enlarged, so that the words
    have room.
    """
    import cv2

    factor = max(1, round(_SMALLEST_SIDE / image.shape[1] + 0.5)) if _is_small(image) else 1
    picture = cv2.resize(image, None, fx=factor, fy=factor) if factor > 1 else image.copy()
    pen = _Pen(picture, factor, can_write_hanzi() if hanzi is None else hanzi)
    for refused in sighting.refused:
        one = refused.candidate
        text = f"{one.text or 'no text'} {refused.min_char:.2f} box {one.box_score:.2f}"
        pen.plate(one.corners, (text, refused.why), REFUSED)
    for seen in sighting.accepted:
        reading = seen.reading
        kind = f"{reading.colour} {reading.type}".replace("_", " ")
        score = f"{reading.min_char:.2f} box {seen.candidate.box_score:.2f}"
        pen.plate(reading.corners, (f"{reading.text} {score}", kind), ACCEPTED)
    pen.caption(caption)
    return picture


def jpeg(picture: Any) -> bytes:
    import cv2

    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return bytes(data)


def _is_small(image: Any) -> bool:
    return bool(image.shape[1] < _SMALLEST_SIDE)


class _Pen:
    def __init__(self, picture: Any, factor: int, hanzi: bool) -> None:  # noqa: FBT001
        self._picture = picture
        self._factor = factor
        self._hanzi = hanzi
        self._highest = float(picture.shape[0])
        self._height = max(_SMALLEST, min(picture.shape[:2]) // _LETTERS)

    def plate(self, corners: Corners, lines: tuple[str, ...], colour: Bgr) -> None:
        """The outline with a dot at the plate's own top left, and lines of text below or above."""
        import cv2
        import numpy as np

        outline = np.round(np.array(corners) * self._factor).astype(np.int32)
        thick = max(2, self._height // 9)
        cv2.polylines(self._picture, [outline], isClosed=True, color=colour, thickness=thick)
        cv2.circle(self._picture, tuple(int(v) for v in outline[0]), 2 * thick, colour, -1)
        self._highest = min(self._highest, float(outline[:, 1].min()))
        left, top = float(outline[:, 0].min()), float(outline[:, 1].max()) + 2 * thick
        room = line_height(self._height) * len(lines)
        if top + room > self._picture.shape[0]:
            top = float(outline[:, 1].min()) - 2 * thick - room
        for line in lines:
            top += self._write(line, (left, top), colour)

    def caption(self, lines: Sequence[str]) -> None:
        """At the top, or at the bottom where a plate is in the way."""
        room = line_height(self._height) * len(lines)
        top = float(self._picture.shape[0] - room) if self._highest < room else 0.0
        for line in lines:
            top += self._write(line, (0, top), CAPTION)

    def _write(self, text: str, at: tuple[float, float], colour: Bgr) -> int:
        return write(self._picture, text, at, height=self._height, colour=colour, hanzi=self._hanzi)
