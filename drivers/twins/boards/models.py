"""Simulated boards, by the names of their profiles."""

from collections.abc import Callable
from functools import partial

from drivers.twins.board import Board
from drivers.twins.boards.came import CameGard
from drivers.twins.boards.eletechsup import Eletechsup
from drivers.twins.boards.juying import JuyingDam
from drivers.twins.boards.plain import MoxaE1214, PlainBoard
from drivers.twins.boards.slave import ModbusBoard

COIL_BASE = 16

MODELS: dict[str, Callable[..., ModbusBoard]] = {
    "waveshare-relay-d-8ch": Board,
    "waveshare-relay-8ch": partial(Board, has_inputs=False),
    "waveshare-relay-16ch": partial(Board, channels=16, has_inputs=False),
    "waveshare-relay-32ch": partial(Board, channels=32, has_inputs=False),
    "waveshare-relay-poe-eth-8ch": partial(Board, has_inputs=False),
    "juying-dam-0404": partial(JuyingDam, outputs=4, inputs=4),
    "juying-dam-0808": JuyingDam,
    "eletechsup-r4d8b08": Eletechsup,
    "eletechsup-r4d3b16": partial(Eletechsup, outputs=16),
    "eletechsup-n4d8b08": partial(Eletechsup, inputs=8),
    "zlan-6042": partial(PlainBoard, outputs=4, inputs=4, coil_base=COIL_BASE),
    "zlan-6842": partial(PlainBoard, coil_base=COIL_BASE),
    "zlan-6844": partial(PlainBoard, coil_base=COIL_BASE),
    "moxa-iologik-e1214": partial(MoxaE1214, outputs=6, inputs=6),
    "advantech-adam-6050": partial(PlainBoard, outputs=6, inputs=12, coil_base=COIL_BASE),
    "advantech-adam-6060": partial(PlainBoard, outputs=6, inputs=6, coil_base=COIL_BASE),
    "advantech-adam-6066": partial(PlainBoard, outputs=6, inputs=6, coil_base=COIL_BASE),
    "came-gard-ptx": CameGard,
}

WIRED_MODELS = frozenset(
    name for name, model in MODELS.items() if name != "came-gard-ptx" and model(1).inputs
)
"""Those that a simulated lane can be wired to: with relays for the boom and inputs for the rest."""


def board(model: str, slave: int) -> ModbusBoard:
    """A new board of this model. Raises `KeyError` for one that is not simulated."""
    return MODELS[model](slave)
