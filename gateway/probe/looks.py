"""What a device looks like by its answers to readings: likely models, never a certain one. Pure.

The addresses are those of the makers' published tables. Not verified on real boards: that each
refuses what its table does not list; so a look says why, and nothing more.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import NamedTuple

from gateway.probe.words import Look, Reply


class Ask(NamedTuple):
    function: int
    first: int
    quantity: int


QUESTIONS = {
    "version": Ask(3, 0x8000, 1),
    "modes": Ask(3, 0x1000, 8),
    "own address": Ask(3, 0x4000, 1),
    "outputs at 16": Ask(1, 16, 4),
    "relay word": Ask(3, 32, 1),
    "input word": Ask(4, 48, 1),
    "safe mode": Ask(2, 4112, 1),
    "model": Ask(3, 210, 2),
    "gate": Ask(3, 100, 2),
    "analogue": Ask(4, 0, 1),
    "channels": Ask(3, 1, 8),
    "more channels": Ask(3, 9, 8),
    "input channels": Ask(3, 0x81, 8),
}
COUNTS = (32, 16, 12, 8, 6, 4)
COILS, INPUTS = 1, 2
CAME_STATES = {
    0: "unknown", 3: "calibrating", 16: "open", 17: "closed", 18: "partly open", 19: "stopped",
    32: "opening", 33: "closing", 34: "partly opening",
}  # fmt: skip
ADAM_MODELS = (0x6050, 0x6051, 0x6052, 0x6060, 0x6066)
CAME_POSITION_UNKNOWN, CAME_POSITION_MAX = 255, 100
WAVESHARE_VERSIONS = range(100, 1000)
MODES = range(4)
MOXA_CHANNELS = 6
ZLAN_MODELS = {4: ("6042",), 8: ("6842", "6844")}
LONG_BOARD = 32


@dataclass(frozen=True, slots=True)
class Evidence:
    """`replies` by the names of `QUESTIONS`; `relays` and `inputs`: the most that can be read.

    `any_slave`: it also answers at the any-slave address 254.
    """

    slave: int
    replies: Mapping[str, Reply]
    relays: int = 0
    inputs: int = 0
    any_slave: bool = False

    def values(self, name: str) -> tuple[int, ...]:
        return self.replies.get(name, Reply()).values

    def refused(self, name: str) -> bool:
        return self.replies.get(name, Reply()).refused > 0


class Guess(NamedTuple):
    """`stems` are patterns of the names that this model's profiles have."""

    like: str
    why: str
    stems: tuple[str, ...]


def looks_of(evidence: Evidence, profiles: tuple[str, ...]) -> tuple[Look, ...]:
    """Every model that the answers fit, the surest first; `profiles` are `kind/name`."""
    guesses = [guess for rule in RULES for guess in rule(evidence)]
    return tuple(Look(guess.like, guess.why, _fitting(guess, profiles)) for guess in guesses)


def _fitting(guess: Guess, profiles: tuple[str, ...]) -> tuple[str, ...]:
    names = ((name, name.partition("/")[2]) for name in profiles)
    return tuple(name for name, stem in names if any(fnmatch(stem, one) for one in guess.stems))


def _waveshare(seen: Evidence) -> Iterator[Guess]:
    version, modes = seen.values("version"), seen.values("modes")
    if not version or version[0] not in WAVESHARE_VERSIONS:
        return
    why = [f"register 0x8000 reads {version[0]}, as protocol V{version[0] / 100:.2f} does"]
    if modes and all(mode in MODES for mode in modes):
        why.append(f"0x1000 to 0x1007 hold control modes ({', '.join(map(str, modes))})")
    if seen.values("own address") == (seen.slave,):
        why.append("0x4000 holds its address")
    channels = seen.relays or 8
    size, ending = f"{channels} relays", f"{channels}ch"
    if seen.inputs:
        size += f" and {seen.inputs} inputs"
        stems: tuple[str, ...] = (f"waveshare-relay-d-{ending}",)
    else:
        stems = (f"waveshare-relay-{ending}", f"waveshare-relay-poe-eth-{ending}")
    yield Guess(f"Waveshare Modbus relay board, {size}", "; ".join(why), stems)


def _came(seen: Evidence) -> Iterator[Guess]:
    gate = seen.values("gate")
    if len(gate) < 2 or gate[0] not in CAME_STATES:  # noqa: PLR2004
        return
    position = gate[1]
    if position > CAME_POSITION_MAX and position != CAME_POSITION_UNKNOWN:
        return
    if gate == (0, 0) and seen.relays:
        return  # Registers of a board that has nothing there.
    why = f"register 40101 reads {gate[0]} ({CAME_STATES[gate[0]]}), 40102 a position ({position})"
    yield Guess("CAME GARD PTX barrier with ZLB30B", why, ("came-*",))


def _moxa(seen: Evidence) -> Iterator[Guess]:
    if seen.relays != MOXA_CHANNELS or not seen.values("safe mode"):
        return
    why = "six relays as coils 0 to 5, and a safe-mode flag at input 4112"
    if seen.values("input word"):
        why += "; all inputs as a word in input register 48"
    yield Guess("Moxa ioLogik E1214", why, ("moxa-*",))


def _adam(seen: Evidence) -> Iterator[Guess]:
    named = next((value for value in seen.values("model") if value in ADAM_MODELS), None)
    if named is not None:
        why = f"registers 40211 and 40212 name it: {named:04X}"
        yield Guess(f"Advantech ADAM-{named:04X}", why, (f"*adam-{named:04x}*",))
    elif _outputs_from_16(seen) and seen.inputs in (6, 12):
        why = f"outputs are coils from 16, and {seen.inputs} inputs are read from 0"
        models = ("*adam-6050*",) if seen.inputs == max(6, 12) else ("*adam-6060*", "*adam-6066*")
        yield Guess("Advantech ADAM-60xx", why, models)


def _zlan(seen: Evidence) -> Iterator[Guess]:
    if not _outputs_from_16(seen) or seen.inputs not in ZLAN_MODELS:
        return
    why = f"outputs are coils from 0x0010, and {seen.inputs} inputs are read from 0"
    if seen.values("analogue"):
        why += "; analogue inputs in input registers from 0"
    stems = tuple(f"zlan-{model}*" for model in ZLAN_MODELS[seen.inputs])
    yield Guess(f"ZLAN {' or '.join(ZLAN_MODELS[seen.inputs])}", why, stems)


def _outputs_from_16(seen: Evidence) -> bool:
    other_maker = seen.values("safe mode") or seen.values("version")
    return bool(seen.values("outputs at 16")) and not other_maker and seen.relays < LONG_BOARD


def _eletechsup(seen: Evidence) -> Iterator[Guess]:
    channels = seen.values("channels")
    if not channels or not set(channels) <= {0, 1} or seen.relays:
        return
    shown = ", ".join(map(str, channels))
    why = f"registers 1 to 8 read as channels ({shown}), and it knows no coils"
    if seen.values("input channels"):
        why += "; registers from 0x0081 read as inputs"
        yield Guess("eletechsup N4D8B08", why, ("eletechsup-n4d8b08*",))
    elif seen.values("more channels"):
        yield Guess("eletechsup R4D3B16", f"{why}; 9 to 16 too", ("eletechsup-r4d3b16*",))
    else:
        yield Guess("eletechsup R4D8B08", why, ("eletechsup-r4d8b08*",))


def _juying(seen: Evidence) -> Iterator[Guess]:
    named = any(seen.values(name) for name in ("version", "safe mode", "outputs at 16"))
    if not seen.relays or (named and not seen.any_slave):
        return
    why, stems = f"{seen.relays} relays as coils from 0", (f"juying-dam-{seen.relays:02d}*",)
    if seen.any_slave:
        why += ", and it also answers at address 254 (0xFE)"
        yield Guess("Juying DAM relay board or one of its clones", why, stems)
    else:
        why += ", and no register that names another maker"
        yield Guess("a plain relay board, as Juying DAM and its clones", why, stems)


RULES: tuple[Callable[[Evidence], Iterator[Guess]], ...] = (
    _waveshare, _came, _moxa, _adam, _zlan, _eletechsup, _juying,
)  # fmt: skip
