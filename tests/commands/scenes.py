"""Painted lanes for commands to look at: photos, videos and configurations."""

import shutil
from pathlib import Path

import cv2
import pytest
import yaml

PLATE = "京A12345"


def painted(*, plate=PLATE, front_m=-2.3, light=0.9, speed_mps=0.0, size=(1280, 720)):
    """The lane as its camera sees it, with a car at the stop line; without one where no plate."""
    pytest.importorskip("PIL", reason="the extra `demo` is not installed")
    pytest.importorskip("manimgx_fonts_cjk", reason="the extra `demo` is not installed")
    from drivers.twins.picture import ScenePainter
    from drivers.twins.scene import Scene, SeenCar

    car = SeenCar(
        number=1, plate=plate, colour="blue", front_m=front_m, offset_m=0, length_m=4.6,
        speed_mps=speed_mps,
    )  # fmt: skip
    scene = Scene(lane="entry-1", boom_deg=0, light=light, cars=(car,) if plate else ())
    return ScenePainter(width=size[0], height=size[1], seed=1).paint(scene)


def photo(path, **how):
    cv2.imwrite(str(path), painted(**how))
    return path


def video(path, pictures, *, fps=10):
    import av

    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=fps)
        stream.width, stream.height = pictures[0].shape[1], pictures[0].shape[0]
        stream.pix_fmt, stream.bit_rate = "yuv420p", 8_000_000
        for picture in pictures:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        film.mux(stream.encode())
    return path


ROOT = Path(__file__).resolve().parents[2]


def configured(folder, camera):
    """A box whose one lane, entry-1, has this camera; none where it is empty."""
    config = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text("utf-8"))
    config["lanes"] = config["lanes"][:1]
    config["lanes"][0] |= {"camera": camera}
    if not camera:
        del config["lanes"][0]["camera"]
    shutil.copytree(ROOT / "config" / "profiles", folder / "profiles")
    path = folder / "lanegate.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True), "utf-8")
    return path
