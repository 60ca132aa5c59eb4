"""The rendered camera: what it draws is seen from a real twin, and our reader can read it."""

import asyncio
import json
import random
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from drivers.bus import simulated as lane_box
from drivers.camera.simulated import Settings, connect
from drivers.twins.boom import Boom
from drivers.twins.cars import Arrival, Car, View
from drivers.twins.journal import Journal
from drivers.twins.scene import Scene, SeenCar, TwinClient, run_folder, socket_path
from drivers.twins.traffic import Traffic, TrafficSettings, civil_plate, green_plate
from drivers.twins.world import LaneWorld
from gateway.lane.types import PlateColour
from gateway.ports import DeviceError

pytest.importorskip("PIL", reason="the extra `demo` is not installed")
pytest.importorskip("manimgx_fonts_cjk", reason="the extra `demo` is not installed")

from drivers.twins.lens import Lens, Mount
from drivers.twins.night import LAMPS_FROM, darkness
from drivers.twins.picture import ScenePainter
from drivers.twins.plateart import plate_art

CAR_M, LORRY_M = 4.6, 7.5


def car(plate="京A12345", colour="blue", **more):
    facts = {"front_m": -2.3, "offset_m": 0.0, "length_m": CAR_M, "speed_mps": 0.0} | more
    return SeenCar(number=1, plate=plate, colour=colour, **facts)


def scene(*cars, boom_deg=0.0, light=0.9):
    return Scene(lane="entry-1", boom_deg=boom_deg, light=light, cars=cars)


@pytest.fixture(scope="module")
def painter():
    return ScenePainter(width=1280, height=720, seed=1)


@pytest.fixture(scope="module")
def reader():
    onnx_plates = pytest.importorskip("drivers.reader.onnx_plates")
    settings = onnx_plates.Settings(driver="onnx_plates")
    if not (settings.models / "manifest.yaml").is_file():
        pytest.skip("no plate models beside the packages")
    with onnx_plates.connect(settings) as ready:
        yield ready


# --- pictures ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "colour", "width"),
    [("京A12345", "blue", 880), ("粤BD12345", "green", 960), ("沪C1234D", "yellow", 880)],
)
def test_a_plate_has_the_proportions_of_the_standard(text, colour, width):
    art = plate_art(text, PlateColour(colour))
    assert art.shape == (280, width, 3)
    assert art.dtype == np.uint8


def test_a_text_that_does_not_fit_its_colour_is_refused():
    with pytest.raises(ValueError, match="a green plate '京A12345' cannot be drawn"):
        plate_art("京A12345", PlateColour.GREEN)


def test_a_picture_has_the_asked_size_and_is_the_callers_own(painter):
    picture = painter.paint(scene(car()))
    assert picture.shape == (720, 1280, 3)
    assert picture.dtype == np.uint8
    picture[:] = 0
    assert painter.paint(scene(car())).mean() > 30


def test_no_picture_is_just_like_the_one_before(painter):
    assert (painter.paint(scene(car())) != painter.paint(scene(car()))).any()


def test_the_boom_is_seen_to_rise(painter):
    red = [
        int((picture[:, :, 2].astype(int) - picture[:, :, 1] > 90).sum())
        for picture in (painter.paint(scene(boom_deg=angle)) for angle in (0, 90))
    ]
    assert red[0] > 10 * max(1, red[1])


def test_night_is_darker_than_day(painter):
    day, night = (painter.paint(scene(car(), light=light)).mean() for light in (1.0, 0.0))
    assert night < day / 2


def bumper(picture):
    """Between the left headlamp and the plate of a car at the stop line, without noise."""
    return picture[450:480, 390:430].mean()


def test_lamps_dazzle_at_night_and_light_up_the_bumper(painter):
    seen = car(plate="", colour="unknown")
    by_day, before, night = (
        painter.paint(scene(seen, light=light)) for light in (0.9, LAMPS_FROM, 0.0)
    )
    assert bumper(night) > bumper(before) + 2, "though there is less light"
    burnt = [int((picture.min(axis=2) >= 252).sum()) for picture in (by_day, before, night)]
    assert burnt[2] > 4 * max(500, *burnt[:2])


def test_no_lamp_shines_while_there_is_light_enough():
    assert darkness(1.0) == darkness(0.4) == darkness(LAMPS_FROM) == 0.0
    assert 0 < darkness(LAMPS_FROM - 0.05) < darkness(LAMPS_FROM - 0.1) < darkness(0.0) == 1.0


def grain(painter, light):
    """How much two pictures of one empty scene differ."""
    first, second = (painter.paint(scene(light=light)).astype(int) for _ in range(2))
    return float((first - second).std())


def test_the_camera_is_noisier_at_night(painter):
    by_day, evening, night = (grain(painter, light) for light in (1.0, LAMPS_FROM, 0.0))
    assert by_day == pytest.approx(evening, rel=0.1)
    assert night > 2 * by_day


def test_lamps_near_and_behind_the_lens_and_at_the_edge_do_no_harm(painter):
    for front_m in np.arange(-4.0, 8.0, 0.23):
        for offset_m in (-1.5, 1.5):
            seen = car(front_m=float(front_m), offset_m=offset_m)
            assert painter.paint(scene(seen, light=0.0)).any()


def test_the_same_seed_draws_the_same_pictures():
    first, again = (ScenePainter(width=640, height=360, seed=3) for _ in range(2))
    for light in (1.0, 0.2):
        seen = scene(car("京A0001警", "white", kind="police", dirt=0.4), light=light)
        assert np.array_equal(first.paint(seen), again.paint(seen))


@pytest.mark.parametrize("light", [0.9, 0.05])
def test_only_noise_differs_from_picture_to_picture(painter, light):
    first, second = (painter.paint(scene(car(), light=light)).astype(float) for _ in range(2))
    assert np.abs(cv2.blur(first - second, (9, 9))).max() < 10


def plate_box(painter, **facts):
    """Width and height in pixels of what a plate adds to a car that stands at the stop line."""
    bare = painter.paint(scene(car(**facts | {"plate": ""}), light=1.0)).astype(float)
    seen = painter.paint(scene(car(**facts), light=1.0)).astype(float)
    changed = np.abs(cv2.blur(seen - bare, (3, 3))).max(axis=2) > 25
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
    return np.array([np.ptp(columns), np.ptp(rows)], float)


@pytest.mark.parametrize(
    ("kind", "plate", "wider", "higher"),
    [
        ("yellow lorry", "京A12345", 1, 220 / 140),
        ("motorcycle", "京A12345", 1 / 2, 1),
        ("new energy", "京AD12345", 480 / 440, 1),
        ("farm", "京1234567", 300 / 440, 165 / 140),
        ("armed lorry", "WJ京12345", 1, 220 / 140),
    ],
)
def test_a_plate_has_its_kinds_size_in_the_scene(painter, kind, plate, wider, higher):
    across, down = plate_box(painter, kind=kind, plate=plate) / plate_box(painter)
    assert across == pytest.approx(wider, rel=0.09)
    assert down == pytest.approx(higher, rel=0.14)


def test_a_plate_can_hang_askew(painter):
    level, askew = (plate_box(painter, tilt_deg=tilt) for tilt in (0.0, 8.0))
    assert askew[1] > level[1] + 15


def test_dirt_is_seen_on_the_plate_and_nowhere_else(painter):
    clean, dirty = (painter.paint(scene(car(dirt=dirt))).astype(float) for dirt in (0.0, 0.7))
    changed = np.abs(cv2.blur(dirty - clean, (5, 5))).max(axis=2) > 25
    across, down = plate_box(painter)
    assert changed.sum() > 0.05 * across * down
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
    assert np.ptp(columns) <= across + 6
    assert np.ptp(rows) <= down + 6


def test_a_camera_can_hang_elsewhere():
    seen = scene(car())
    usual, other = (
        ScenePainter(width=640, height=360, seed=1, mount=mount).paint(seen).astype(int)
        for mount in (Mount(), Mount(place=(2.5, -1.4, 1.8)))
    )
    assert np.abs(usual - other).mean() > 10


# --- messages ----------------------------------------------------------------------------

OLD_CAR = {"number": 1, "plate": "京A12345", "colour": "blue", "front_m": -2.3, "offset_m": 0.0,
           "length_m": 4.6, "speed_mps": 0.0}  # fmt: skip


def test_a_message_from_before_there_were_kinds_is_understood():
    told = {"lane": "entry-1", "boom_deg": 0.0, "light": 0.9, "cars": [OLD_CAR]}
    assert Scene.of(told) == scene(car())
    fresh = (ScenePainter(width=640, height=360, seed=3) for _ in range(2))
    by_colour, by_kind = scene(car()), scene(car(kind="blue"))
    pictures = [
        painter.paint(seen) for painter, seen in zip(fresh, (by_colour, by_kind), strict=True)
    ]
    assert np.array_equal(*pictures)


def test_what_a_world_tells_of_a_car_reaches_the_painter():
    world = LaneWorld(
        name="entry-1",
        boom=Boom(travel_s=3.0),
        traffic=Traffic(TrafficSettings(max_cars=0), "entry-1"),
        journal=Journal(None),
    )
    world.add(replace(world.traffic.arrival("京A0001警"), tilt_deg=2.5, dirt=0.25))
    (seen,) = Scene.of(json.loads(json.dumps(world.scene()))).cars
    assert (seen.plate, seen.kind, seen.colour) == ("京A0001警", "police", "white")
    assert (seen.tilt_deg, seen.dirt) == (2.5, 0.25)


def test_drivers_come_fast_or_slow_and_stop_where_they_like():
    stopped = []
    for cruise_mps, stop_m in ((1.5, -2.3), (5.0, -3.1)):
        slow = Arrival(plate="", colour="unknown", cruise_mps=cruise_mps, stop_m=stop_m)
        one = Car(1, slow)
        view = View(boom_deg=0.0, boom_falling=False, ahead_m=99.0, behind_m=99.0)
        fastest = 0.0
        for _ in range(2000):
            one.step(0.01, view)
            fastest = max(fastest, one.speed_mps)
        assert fastest == pytest.approx(cruise_mps, abs=0.1)
        stopped.append(one.front_m)
    assert stopped == pytest.approx([-2.3, -3.1], abs=0.1)


@pytest.mark.parametrize("length_m", [CAR_M, LORRY_M])
def test_a_car_can_be_drawn_wherever_it_is(painter, length_m):
    for front_m in np.arange(-30.0, 16.0, 0.37):
        seen = car(front_m=float(front_m), length_m=length_m, speed_mps=3.0)
        assert painter.paint(scene(seen)).any()


def test_what_reaches_behind_the_lens_is_cut_off():
    lens = Lens(1280, 720)
    far, near, behind = -60.0, 0.0, 30.0
    (_, horizon), *_ = lens.project(np.array([[far, 0, 0]]))
    strip = np.array([[near, -1, 0], [near, 1, 0], [behind, 1, 0], [behind, -1, 0]])
    seen = lens.project(strip)
    assert (seen[:, 1] > horizon).all(), "the ground never stands above the horizon"
    assert not len(lens.project(strip + np.array([behind, 0, 0])))


def test_a_car_without_a_plate_and_small_pictures_can_be_drawn():
    small = ScenePainter(width=160, height=90, seed=2)
    assert small.paint(scene(car(plate="", colour="unknown"))).shape == (90, 160, 3)


# --- readable ----------------------------------------------------------------------------


@pytest.mark.parametrize("colour", ["blue", "green", "yellow"])
def test_the_reader_reads_a_standing_car(painter, reader, colour):
    dice = random.Random(colour)
    draw = green_plate if colour == "green" else civil_plate
    plates = [draw(dice) for _ in range(25)]
    misread = []
    for plate in plates:
        length_m = LORRY_M if colour == "yellow" else CAR_M
        offset_m, light = dice.uniform(-0.25, 0.25), dice.uniform(0.4, 1)
        seen = scene(car(plate, colour, offset_m=offset_m, length_m=length_m), light=light)
        found = [(one.text, one.colour) for one in reader.read(painter.paint(seen))[:1]]
        if found != [(plate, PlateColour(colour))]:
            misread.append((plate, found))
    assert len(misread) <= 1, misread


def test_no_plate_is_read_where_no_car_stands(painter, reader):
    assert not [found for found in reader.read(painter.paint(scene())) if found.box_score > 0.5]


# --- the driver --------------------------------------------------------------------------


def test_the_camera_shows_what_happens_in_the_twin(tmp_path):
    sock = str(tmp_path / "twin.sock")
    box = {
        "driver": "simulated",
        "socket": sock,
        "port": str(tmp_path / "port"),
        "lanes": [{"name": "entry-1", "traffic": {"max_cars": 0}}],
    }

    async def story():
        async with lane_box.connect(lane_box.Settings.model_validate(box)):
            await asyncio.to_thread(look)

    def look():
        asked = Settings(driver="simulated", twin=sock, fps=50, width=320, height=180)
        with connect(asked) as camera, TwinClient(Path(sock)) as client:
            pictures = camera.frames()
            first = next(pictures)
            client.send_car("entry-1", "京A12345")
            later = list(islice(pictures, 5))
            assert later[-1].taken_at > first.taken_at
            changed = np.abs(later[-1].image.astype(int) - first.image.astype(int)) > 40
            assert changed.sum() > 300, "a car has come into the picture"

    asyncio.run(story())


def test_without_a_simulation_the_camera_says_so(tmp_path):
    asked = Settings(driver="simulated", twin=str(tmp_path / "none.sock"))
    with (
        connect(asked) as camera,
        pytest.raises(DeviceError, match=r"no simulation answers at .*none\.sock"),
    ):
        next(camera.frames())


def test_a_name_leads_to_the_same_socket_for_bus_and_camera():
    bus = lane_box.Settings(driver="simulated", name="demo")
    assert bus.twin.socket_path == socket_path("demo") == run_folder("demo") / "twin.sock"


def test_settings_are_checked_without_loading_what_draws():
    heavy = ["cv2", "numpy", "PIL", "onnxruntime", "av", "manimgx_fonts_cjk"]
    code = (
        "import sys, drivers.camera.simulated, drivers.camera.rtsp, drivers.camera.usb, "
        "drivers.camera.folder, drivers.camera.video, drivers.bus.simulated; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_without_the_extra_the_camera_names_it():
    code = """
import sys
sys.modules["PIL"] = None
from drivers.camera.simulated import Settings, connect
from gateway.ports import DeviceError
try:
    connect(Settings(driver="simulated")).__enter__()
except DeviceError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "the rendered camera needs the extra `demo`: pip install 'lanegate[demo]'\n"
    )
