"""Everything that `lanegate read` was given, read one after the other."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.lane.plates import Gate
from gateway.ports import Camera, DeviceError, Reader
from gateway.survey.clips import Clip, Viewing
from gateway.survey.footage import VIDEOS, Live, Shot, VideoFile
from gateway.survey.photos import Photo, read_photo
from gateway.survey.sightings import Sighting
from gateway.survey.sketchbook import Pages, Sketchbook

STREAM_S = 10.0
Tell = Callable[[str, float, float | None], object]


def is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEOS and not path.is_dir()


@dataclass(frozen=True, slots=True)
class Wish:
    """`seconds`: of each video or stream; None is a whole video, and `STREAM_S` of a stream."""

    crops: bool = False
    every: int = 1
    seconds: float | None = None


class Reading:
    """`tell` hears what is being read, how much of it is done, and of how much if known.

    `book` takes what is drawn, if anything.
    """

    def __init__(
        self, reader: Reader, gate: Gate, wish: Wish, book: Sketchbook | None, tell: Tell
    ) -> None:
        self._reader = reader
        self._gate = gate
        self._wish = wish
        self._book = book
        self._tell = tell

    def photos(self, paths: list[Path]) -> Iterable[Photo]:
        for number, path in enumerate(paths):
            self._tell("photos", number, len(paths))
            draw = self._book.photo(str(path)) if self._book else None
            crop = self._wish.crops
            yield read_photo(path, self._reader, self._gate, crop=crop, draw=draw)

    def video(self, path: Path) -> Clip:
        video, wish = VideoFile(path), self._wish
        try:
            whole_s = video.seconds()
        except DeviceError as error:
            return Clip(str(path), "video", error=str(error))
        known = [seconds for seconds in (whole_s, wish.seconds) if seconds is not None]
        shots = video.shots(every=wish.every, seconds=wish.seconds)
        viewing, pages = self._watched(str(path), shots, min(known, default=None))
        return _clip(str(path), viewing, pages, video.frames)

    def stream(self, address: str, opened: AbstractContextManager[Camera]) -> Clip:
        seconds = self._wish.seconds or STREAM_S
        with opened as camera, Live(camera) as live:
            viewing, pages = self._watched(address, live.shots(seconds), seconds)
        return _clip(address, viewing, pages, live.pulse.frames)

    def _watched(
        self, file: str, shots: Iterable[Shot], total_s: float | None
    ) -> tuple[Viewing, Pages | None]:
        pages = self._book.pages(file) if self._book else None
        viewing = Viewing(self._reader, self._gate)

        def saw(image: Any, seen: Sighting) -> None:
            self._tell(Path(file).name, seen.at_s, total_s)
            if pages is not None:
                pages.draw(image, seen)

        self._tell(Path(file).name, 0, total_s)
        viewing.watch(shots, saw)
        return viewing, pages


def _clip(file: str, viewing: Viewing, pages: Pages | None, frames: int) -> Clip:
    return Clip(
        file,
        "stream" if "://" in file else "video",
        seconds=viewing.seconds,
        size=viewing.size,
        frames=frames,
        sightings=viewing.sightings,
        error=viewing.error,
        drawn=tuple(pages.names) if pages else (),
        left_out=pages.left_out if pages else 0,
    )


def plates_of(results: Iterable[Photo | Clip]) -> list[dict[str, Any]]:
    """Every plate once: where it was first and last seen, and where best."""
    seen: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        sightings = (result.sighting,) if isinstance(result, Photo) else result.sightings
        for sighting in sightings:
            where = {"file": result.file, "at_s": round(sighting.at_s, 3)}
            for plate in sighting.accepted:
                seen.setdefault(plate.reading.text, []).append(where | plate.as_json())
    return [_plate(text, times) for text, times in seen.items()]


def _plate(text: str, times: list[dict[str, Any]]) -> dict[str, Any]:
    best = max(times, key=lambda one: one["min_char"])
    first, last = ({key: one[key] for key in ("file", "at_s")} for one in (times[0], times[-1]))
    return {"text": text, "pictures": len(times), "first": first, "last": last, "best": best}
