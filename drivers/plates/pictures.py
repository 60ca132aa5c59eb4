"""What a picture must be before anyone looks for a plate in it."""

from typing import Any

import cv2
import numpy as np

from gateway.pictures import too_large
from gateway.ports import DeviceError

SMALLEST = 8
_CHANNELS_GREY, _CHANNELS_BGR, _CHANNELS_BGRA = 1, 3, 4
_NEXT = "give a uint8 picture [height, width, 3] in BGR"


def as_bgr(image: Any) -> np.ndarray:
    """The picture as uint8 [height, width, 3] in BGR; grey and BGRA pictures are turned into it.

    Raises `DeviceError` for anything else, for less than 8 x 8 pixels and for more than 8K.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = getattr(image, "dtype", type(image).__name__)
        raise DeviceError(f"reader: the picture is {kind}, not uint8 pixels; {_NEXT}")
    if image.ndim not in (2, 3) or min(image.shape[:2]) < SMALLEST:
        shape = " x ".join(str(size) for size in image.shape)
        raise DeviceError(f"reader: a picture of {shape} cannot hold a plate; {_NEXT}")
    height, width = image.shape[:2]
    if too_large(width, height):
        raise DeviceError(f"reader: a picture of {width} x {height}: {too_large(width, height)}")
    return _three_channels(image)


def _three_channels(image: np.ndarray) -> np.ndarray:
    channels = image.shape[2] if image.ndim == _CHANNELS_BGR else _CHANNELS_GREY
    match channels:
        case 1:
            return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
        case 3:
            return image
        case 4:
            return cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)
        case _:
            raise DeviceError(f"reader: a picture with {channels} channels; {_NEXT}")
