"""Whether a camera stands well, and what to change: a judgement over measured numbers.

The limits come from four places. MODELS: models/README.md. DRAWN: 40 drawn plates (blue, green,
yellow) in 1280 x 720 under each fault in turn, read by the models of November 2026; the share
that was read right stands beside each limit. REAL: what 124 photos of lanes and streets measure,
of which 122 are read right. LANE: the lane's own time limits and gate.
"""

from collections.abc import Iterator
from math import sqrt

from gateway.survey.facts import (
    Advice,
    Grade,
    Judgement,
    LightFacts,
    Limit,
    PlateFacts,
    StreamFacts,
)

# MODELS: a plate wider than 8 % of the frame is found. DRAWN at 100 px: 100 %, 60: 98, 50: 85.
AIM_PX, AIM_SHARE = 100.0, 0.08
WIDTH_OF_AIM = Limit(1.0, 0.6)
# REAL: most are at 25 %, some at 34. DRAWN at 20 % of the frame's width: 98 %, 31: 92, 50: 60.
WIDEST_SHARE, AIM_WIDEST = Limit(0.33, 0.45), 0.25
# Angles as `plateshape` measures them, which is less than they are. DRAWN, 30 degrees to the
# side are measured as 20: 100 %, 40 as 28: 92, 50 as 36: 82, 60 as 42: 70. From above, 40 as
# 31: 100 %, 50 as 35: 98, 60 as 40: 60. Tilted by 10 degrees: 98 %, 20: 90, 30: 60.
ACROSS_DEG, DOWN_DEG, TILT_DEG = Limit(25, 36), Limit(31, 36), Limit(10, 20)
# Of a smaller plate the corners are too coarse for an angle of view.
FEWEST_PX_FOR_ANGLES = 90
# In plate heights: a car that stops half a metre further must still be in the picture.
MARGIN = Limit(1.0, 0.0)
# Of the plate's width, along it. DRAWN out of focus at 0.8 %: 100 %, 0.95: 91, 1.05: 85, 1.2: 50;
# smeared by motion at 0.8 %: 92, 0.95: 79, 1.1: 60. Up and down a plate bears half as much again.
# A blur of less than a pixel is the pixels' own. A smear is measured as about a fifth of itself.
BLUR_SHARE, DOWN_BEARS, SHARP_PX = Limit(0.0085, 0.0105), 1.5, 0.75
SMEAR, SMEAR_LENGTH = 1.4, 5.5
PICTURE_BLUR_PX = Limit(1.1, 1.4)
# Grey levels of 255. DRAWN with a contrast of 84: 90 %, 52: 85, 35: 70, 27: 50; REAL: over 69.
# In the dark with the brightest at 65: 95 %, 49: 90, 38: 88, 35: 72. REAL: over 84.
CONTRAST, PLATE_WHITE = Limit(60, 35), Limit(60, 38)
# DRAWN with 2 % of the plate burnt out: 95 %, 8: 62, 16: 50. REAL: 95 of 100 under 3, all under 8.
PLATE_BURNT = Limit(0.04, 0.1)
PICTURE_BURNT, PICTURE_BLACK = Limit(0.2, 0.5), Limit(0.6, 0.9)
# LANE: two pictures must agree within 2 s; a camera that is silent for 3 s is started again.
FPS, GAP_S, AGE_S = Limit(5, 2), Limit(1.0, 3.0), Limit(0.3, 1.0)
LARGEST_PX = 2048 * 1536
# LANE: the gate refuses under 0.45; good plates are at about 0.9.
READ_SHARE, MIN_CHAR = Limit(0.9, 0.5), Limit(0.75, 0.45)
FEWEST_PICTURES = 5


def judged(stream: StreamFacts, light: LightFacts, plate: PlateFacts | None) -> Judgement:
    """Total: defined for all numbers."""
    advice = [*_of_stream(stream)]
    if plate is None:
        seconds = f"{stream.seconds:.0f} s"
        says = f"no plate seen in {seconds}: drive a car to the stop line and run again"
        advice += [Advice("plate", Grade.NOT_GOOD, says), *_of_light(light)]
    else:
        advice += [_told(light), *_of_place(stream, plate), *_of_picture(plate)]
        advice += _of_reading(plate)
    grades = {one.grade for one in advice}
    worst = next(grade for grade in reversed(Grade) if grade in grades)
    return Judgement(worst, tuple(advice))


def _advice(topic: str, grade: Grade, fact: str, change: str) -> Advice:
    return Advice(topic, grade, fact if grade is Grade.OK else f"{fact}: {change}")


def _of_stream(stream: StreamFacts) -> Iterator[Advice]:
    if stream.stopped:
        yield Advice("stream", Grade.NOT_GOOD, stream.stopped)
    yield _of_size(stream)
    yield _advice(
        "rate",
        max(FPS.grade_of_much(stream.fps), GAP_S.grade(stream.longest_gap_s), key=_badness),
        f"{stream.fps:.1f} pictures a second, the longest gap {stream.longest_gap_s:.1f} s",
        f"set the camera to at least {FPS.ok:.0f} a second, 15 is good; check cable and network",
    )
    yield _advice(
        "age",
        AGE_S.grade(stream.age_s),
        f"a picture is {stream.age_s * 1000:.0f} ms old when it is looked at",
        f"aim for under {AGE_S.ok * 1000:.0f} ms: this box is too busy, or the pictures too large",
    )


def _of_angles(plate: PlateFacts) -> Iterator[Advice]:
    yield _advice(
        "side view",
        ACROSS_DEG.grade(plate.across_deg),
        f"the plate is seen from about {plate.across_deg:.0f} degrees to the side",
        f"aim for under {ACROSS_DEG.ok:.0f}: move the camera nearer to the lane's middle, or "
        "further away along it",
    )
    yield _advice(
        "height",
        DOWN_DEG.grade(plate.down_deg),
        f"the plate is seen from about {plate.down_deg:.0f} degrees above",
        f"aim for under {DOWN_DEG.ok:.0f}: hang the camera lower, or further away",
    )


def _of_size(stream: StreamFacts) -> Advice:
    fact = f"pictures of {stream.width} x {stream.height}"
    if stream.expected is not None and stream.expected != (stream.width, stream.height):
        width, height = stream.expected
        change = f"the configuration says {width} x {height}: its region and masks are off; set one"
        return _advice("size", Grade.NOT_GOOD, fact, f"{change} to the other")
    large = stream.width * stream.height > LARGEST_PX
    change = "more than is of use to the reader; set the camera to 1920 x 1080 or 1280 x 720"
    return _advice("size", Grade.USABLE if large else Grade.OK, fact, change)


def _told(light: LightFacts) -> Advice:
    """No judgement: at night a good picture is dark around a bright plate."""
    says = (
        f"the picture's middle grey is {light.middle:.0f} of 255, {light.black:.0%} are black, "
        f"{light.burnt:.0%} burnt out; its sharpest edges have a blur of {light.blur_px:.1f} px"
    )
    return Advice("picture", Grade.OK, says)


def _of_light(light: LightFacts) -> Iterator[Advice]:
    """Where no plate is seen, the picture itself must do."""
    dark = PICTURE_BLACK.grade(light.black)
    yield _advice(
        "dark",
        dark,
        f"{light.black:.0%} of the picture are black",
        "add light, or open the iris; is the cap off the lens?",
    )
    yield _advice(
        "bright",
        PICTURE_BURNT.grade(light.burnt),
        f"{light.burnt:.0%} of the picture are burnt out",
        "turn the camera from the sun or the lamp, or shorten the exposure",
    )
    # Next to nothing can be said of edges in the dark.
    if light.blur_px and dark is Grade.OK:
        yield _advice(
            "sharpness",
            PICTURE_BLUR_PX.grade(light.blur_px),
            f"the sharpest edges have a blur of {light.blur_px:.1f} px",
            f"aim for under {PICTURE_BLUR_PX.ok:.1f}: focus the lens, and clean it",
        )


def _of_place(stream: StreamFacts, plate: PlateFacts) -> Iterator[Advice]:
    yield _of_width(stream, plate)
    turn = "clockwise" if plate.tilt_deg > 0 else "anticlockwise"
    yield _advice(
        "tilt",
        TILT_DEG.grade(abs(plate.tilt_deg)),
        f"the plate is tilted by {abs(plate.tilt_deg):.0f} degrees",
        f"aim for under {TILT_DEG.ok:.0f}: turn the camera {turn} about its lens",
    )
    if plate.width_px >= FEWEST_PX_FOR_ANGLES:
        yield from _of_angles(plate)
    yield _advice(
        "edge",
        MARGIN.grade_of_much(plate.margin),
        _margin(plate.margin),
        f"aim for at least {MARGIN.ok:.0f}: point the camera so that the plate comes to the middle",
    )


def _of_width(stream: StreamFacts, plate: PlateFacts) -> Advice:
    """Against what the reader is shown: a region of the picture makes plates larger in it."""
    shown_px = stream.width * stream.share
    share = plate.width_px / max(shown_px, 1.0)
    of_what = "picture" if stream.share == 1 else "region"
    fact = f"the plate is {plate.width_px:.0f} px wide, {share:.0%} of the {of_what}"
    if (wide := WIDEST_SHARE.grade(share)) is not Grade.OK:
        aim_px = AIM_WIDEST * shown_px
        factor = plate.width_px / max(aim_px, 1.0)
        change = f"aim for {aim_px:.0f}: move the camera away or zoom out {factor:.1f}x"
        return _advice("width", wide, fact, change)
    aim_px = max(AIM_PX, AIM_SHARE * shown_px)
    factor = aim_px / max(plate.width_px, 1.0)
    change = f"aim for {aim_px:.0f}: move the camera nearer or zoom in {factor:.1f}x"
    # Half a pixel more, so that no plate of "100 px" is told to become 100.
    grade = WIDTH_OF_AIM.grade_of_much((plate.width_px + 0.5) / aim_px)
    return _advice("width", grade, fact, change)


def _margin(margin: float) -> str:
    if margin < 0:
        return "the picture's edge cuts the plate off"
    return f"from the plate to the picture's edge are {margin:.1f} plate heights"


def _of_picture(plate: PlateFacts) -> Iterator[Advice]:
    yield _advice(
        "dark",
        PLATE_WHITE.grade_of_much(plate.white),
        f"the plate's brightest parts have grey {plate.white:.0f} of 255",
        f"aim for {PLATE_WHITE.ok:.0f} or more: light the plate, or open the iris",
    )
    yield _advice(
        "bright",
        PLATE_BURNT.grade(plate.burnt),
        f"{plate.burnt:.0%} of the plate are burnt out",
        f"aim for under {PLATE_BURNT.ok:.0%}: shorten the exposure, or dim the lamp",
    )
    yield _advice(
        "contrast",
        CONTRAST.grade_of_much(plate.contrast),
        f"the plate's contrast is {plate.contrast:.0f} of 255",
        f"aim for {CONTRAST.ok:.0f} or more: light the plate, clean and shade the lens",
    )
    yield _of_sharpness(plate)


def _of_sharpness(plate: PlateFacts) -> Advice:
    blur_px = max(plate.blur_across_px, plate.blur_down_px / DOWN_BEARS)
    aim_px = max(SHARP_PX, BLUR_SHARE.ok * plate.width_px)
    grade = Grade.OK
    if blur_px > SHARP_PX:
        grade = BLUR_SHARE.grade(blur_px / max(plate.width_px, 1.0))
    fact = f"the plate's blur is {blur_px:.1f} px"
    change = f"aim for under {aim_px:.1f}: focus the lens, and clean it"
    if smear := _smear(plate):
        change = f"it is smeared {smear}: shorten the exposure to 1/500 s or less, and add light"
    return _advice("sharpness", grade, fact, change)


def _smear(plate: PlateFacts) -> str:
    """Where the blur has a direction, it is motion."""
    across, down = plate.blur_across_px, plate.blur_down_px
    more, less = max(across, down, 0.0), max(min(across, down), 0.0)
    if more < SMEAR * less:
        return ""
    length_px = SMEAR_LENGTH * sqrt((more - less) * (more + less))
    return f"by about {length_px:.0f} px {'sideways' if across > down else 'up and down'}"


def _of_reading(plate: PlateFacts) -> Iterator[Advice]:
    if plate.pictures < FEWEST_PICTURES:
        yield Advice(
            "reading",
            Grade.USABLE,
            f"a plate stood there in only {plate.pictures} pictures: let the car stand at the stop"
            " line and run again",
        )
    yield _advice(
        "reading",
        READ_SHARE.grade_of_much(plate.read_share),
        f"read in {plate.read_share:.0%} of {plate.pictures} pictures",
        f"aim for {READ_SHARE.ok:.0%}: change first what else is said here; the picture and "
        "`lanegate read --refused` tell what the gate refused",
    )
    yield _advice(
        "sureness",
        MIN_CHAR.grade_of_much(plate.min_char),
        f"the least sure character is at {plate.min_char:.2f}",
        f"aim for {MIN_CHAR.ok:.2f}: make the plate larger, sharper or brighter as said here",
    )


def _badness(grade: Grade) -> int:
    return list(Grade).index(grade)
