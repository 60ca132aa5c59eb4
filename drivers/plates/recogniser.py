"""What a plate says: a character for each of the network's slots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drivers.plates.network import Network
from gateway.ports import DeviceError

NONE_HERE = 0


@dataclass(frozen=True, slots=True)
class Text:
    """`characters` has a probability for each character of `text`, read in `rows` rows."""

    text: str
    characters: tuple[float, ...]
    rows: int = 1

    @property
    def weakest(self) -> float:
        return min(self.characters, default=0.0)


class Recogniser:
    """`width` and `height`: the size of the upright plate that the network takes."""

    def __init__(self, network: Network, alphabet: str, width: int, height: int) -> None:
        classes = network.output_shape[-1]
        if classes != len(alphabet):
            raise DeviceError(
                f"plate recogniser: the model knows {classes} characters, the manifest's "
                f"alphabet has {len(alphabet)}; install the model and manifest of one release"
            )
        self._network = network
        self._alphabet = alphabet
        self.width = width
        self.height = height

    def probabilities(self, plates: Sequence[np.ndarray]) -> np.ndarray:
        """[plates, slots, characters] for uint8 plates of [height, width, 3] in BGR."""
        batch = np.stack(plates).transpose(0, 3, 1, 2).astype(np.float32)
        logits = self._network.run(np.ascontiguousarray(batch))
        powers = np.exp(logits - logits.max(-1, keepdims=True))
        result: np.ndarray = powers / powers.sum(-1, keepdims=True)
        return result

    def text(self, slots: np.ndarray, rows: int = 1) -> Text:
        """The likeliest text of one plate's [slots, characters].

        An empty slot counts for the character before it: a doubt whether anything follows
        is a doubt about the text.
        """
        text = ""
        sure: list[float] = []
        for best, probability in zip(slots.argmax(-1), slots.max(-1), strict=True):
            if best != NONE_HERE:
                text += self._alphabet[best]
                sure.append(float(probability))
            elif sure:
                sure[-1] = min(sure[-1], float(probability))
        return Text(text, tuple(sure), rows)
