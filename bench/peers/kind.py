"""What a reader that takes part in the comparison gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Texts = Mapping[str, Sequence[str]]
"""What was read, by the name of the row in the tables: one reader may fill several."""


@dataclass(frozen=True, slots=True)
class About:
    """`how`: what counts as its reading, in words. `models`: the files that it loads."""

    rows: tuple[str, ...]
    version: str
    licence: str
    how: str
    models: tuple[Path, ...]


class Peer(Protocol):
    """Pictures are uint8 [height, width, 3] in BGR."""

    about: About

    def read(self, image: Any) -> Texts:
        """Every plate in a picture."""

    def read_crop(self, image: Any) -> Texts:
        """The one plate that fills the picture."""


# Modules with `load() -> Peer`. Ours runs in the product's environment.
OURS = "bench.peers.ours"
OTHERS = {
    "PP-OCRv4": "bench.peers.pp_ocr",
    "hyperlpr2": "bench.peers.hyperlpr",
    "agentclpr": "bench.peers.agent",
}
