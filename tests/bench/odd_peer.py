"""A reader that does by the picture's width what other people's libraries do at times."""

import os
import sys
from pathlib import Path

from bench.peers.kind import About

RAISES, DIES, CHATS = 40, 50, 60


class Odd:
    about = About(("odd",), "1", "MIT", "all it says", (Path(__file__),))

    def read(self, image):
        match image.shape[1]:
            case 40:
                raise IndexError("list index out of range")
            case 50:
                sys.stderr.write("out of memory\n")
                os._exit(3)
            case 60:
                sys.stdout.write('{"not": "an answer"}\n')
        return {"odd": [f"scene of {image.shape[1]}"]}

    def read_crop(self, image):
        return {"odd": [f"crop of {image.shape[1]} 皖"]}


def load():
    return Odd()
