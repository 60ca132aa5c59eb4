"""What was read, as tables for people."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from gateway.survey.clips import Clip
from gateway.survey.photos import Photo
from gateway.survey.sightings import Refused

WIDE = 160
MOST_REFUSED = 20


def show(results: Sequence[Photo | Clip], *, refused: bool) -> None:
    console = Console()
    console = console if console.is_terminal else Console(width=WIDE)
    photos = [result for result in results if isinstance(result, Photo)]
    if photos:
        console.print(_photos(photos, refused=refused))
    for clip in (result for result in results if isinstance(result, Clip)):
        console.print(_headline(clip), soft_wrap=True, markup=False, highlight=False)
        if clip.plates:
            console.print(_plates(clip))
        if refused and any(seen.refused for seen in clip.sightings):
            console.print(_refused(clip))


def _photos(photos: Iterable[Photo], *, refused: bool) -> Table:
    table = Table("file", "plate", "type", "colour", "min char", "ms", box=None)
    if refused:
        table.add_column("refused because")
    for photo in photos:
        seen, ms = photo.sighting, f"{photo.sighting.ms:.1f}"
        if photo.error or not seen.accepted:
            table.add_row(photo.file, photo.error or "-", "", "", "", ms)
        for plate in seen.accepted:
            one = plate.reading
            table.add_row(photo.file, one.text, one.type, one.colour, f"{one.min_char:.2f}", ms)
        for no in seen.refused if refused else ():
            one_no = no.candidate
            sure = f"{no.min_char:.2f}"
            table.add_row(photo.file, _said(no), "", one_no.colour, sure, ms, no.why)
    return table


def _headline(clip: Clip) -> str:
    if not clip.sightings:
        return f"{clip.file}: {clip.error or 'no picture'}"
    width, height = clip.size
    told = (
        f"{clip.file}: {width} x {height}, {clip.seconds:.1f} s, {clip.frames} pictures, "
        f"{len(clip.sightings)} read at {clip.ms:.1f} ms"
    )
    told += "" if clip.plates else "; no plate"
    told += f"; not drawn: {clip.left_out} more than --most" if clip.left_out else ""
    return f"{told}\n{clip.file}: {clip.error}" if clip.error else told


def _plates(clip: Clip) -> Table:
    table = Table(
        "plate", "type", "colour", "first s", "last s", "pictures", "best min char", box=None
    )
    for plate in clip.plates:
        best = plate.best.reading
        times = (f"{plate.first_s:.2f}", f"{plate.last_s:.2f}", str(plate.frames))
        table.add_row(plate.text, best.type, best.colour, *times, f"{best.min_char:.2f}")
    return table


def _refused(clip: Clip) -> Table:
    """The commonest ones; a sentence with a figure in it counts as the text it is about."""
    counts: Counter[str] = Counter()
    why: dict[str, Refused] = {}
    for no in (no for seen in clip.sightings for no in seen.refused):
        counts[_said(no)] += 1
        if no.min_char >= why.setdefault(_said(no), no).min_char:
            why[_said(no)] = no
    table = Table("refused", "pictures", "best min char", "because", box=None)
    for text, count in counts.most_common(MOST_REFUSED):
        table.add_row(text, str(count), f"{why[text].min_char:.2f}", why[text].why)
    return table


def _said(no: Refused) -> str:
    return no.candidate.text or "(no text)"
