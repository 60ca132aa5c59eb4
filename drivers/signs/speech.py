"""Voices: chips that say when they are idle, and boards that do not."""

import asyncio
from collections.abc import Callable

from drivers.signs.link import Link
from drivers.signs.text import gbk, plain
from gateway.ports import DeviceError

SPEAK, STATE, IN_GBK = 0x01, 0x21, b"\x01"
STARTED, ACCEPTED, REFUSED, BUSY, IDLE = 0x4A, 0x41, 0x45, 0x4E, 0x4F
ANSWER_S = 1.0
ASK_AGAIN_S = 2.0
ORDER_SIGNS = "[]"


class SpeechChip:
    """A chip that answers in single bytes; one that speaks is not interrupted.

    It would drop the sentence that it speaks. It says IDLE at its end; since that byte may be
    lost, a chip that seems busy is asked now and then. `frame(command, data)` makes its frames.
    """

    def __init__(
        self,
        link: Link,
        frame: Callable[[int, bytes], bytes],
        *,
        most_bytes: int,
        patience_s: float,
    ) -> None:
        self._link = link
        self._frame = frame
        self._most_bytes = most_bytes
        self._patience_s = patience_s
        self._loop = asyncio.get_running_loop()

    async def say(self, text: str) -> None:
        """Square brackets would be orders to the chip, about its volume and voice."""
        spoken = gbk(plain(text, ORDER_SIGNS), self._most_bytes)
        if not spoken.strip():
            return
        give_up_at = self._loop.time() + self._patience_s
        answer = BUSY
        while answer == BUSY:
            await self._until_idle(give_up_at)
            answer = await self._ask(SPEAK, IN_GBK + spoken, (ACCEPTED, REFUSED, BUSY))
        if answer == REFUSED:
            raise DeviceError(
                f"{self._link.name}: the voice chip did not understand a frame: are its cable "
                "and its ground sound, and is it the chip that the driver is named after?"
            )

    async def _until_idle(self, give_up_at: float) -> None:
        while await self._ask(STATE, b"", (BUSY, IDLE)) == BUSY:
            now = self._loop.time()
            if now >= give_up_at:
                raise DeviceError(
                    f"{self._link.name}: the voice chip still speaks after {self._patience_s:g} s:"
                    " switch it off and on again"
                )
            await self._answer((IDLE, STARTED), min(now + ASK_AGAIN_S, give_up_at))

    async def _ask(self, command: int, data: bytes, answers: tuple[int, ...]) -> int:
        self._link.take()
        await self._link.send(self._frame(command, data))
        answer = await self._answer(answers, self._loop.time() + ANSWER_S)
        if answer is None:
            raise DeviceError(
                f"{self._link.name}: the voice chip gave no answer: is it powered, is the baud "
                "rate right, and is its sending line connected?"
            )
        return answer

    async def _answer(self, answers: tuple[int, ...], until: float) -> int | None:
        """The first byte that is one of these; others tell of something else."""
        while self._loop.time() < until:
            await self._link.more(until)
            for byte in self._link.take():
                if byte in answers:
                    return byte
        return None


class BlindChip:
    """The same chip where only its receiving line is connected: its answers are guessed."""

    def __init__(
        self, link: Link, frame: Callable[[int, bytes], bytes], *, most_bytes: int, sign_ms: int
    ) -> None:
        self._link = link
        self._frame = frame
        self._most_bytes = most_bytes
        self._breath = Breath(sign_ms)

    async def say(self, text: str) -> None:
        spoken = gbk(plain(text, ORDER_SIGNS), self._most_bytes)
        if spoken.strip():
            await self._breath.drawn(text)
            await self._link.send(self._frame(SPEAK, IN_GBK + spoken))


class Breath:
    """Guesses how long a board speaks that does not say when it has ended."""

    def __init__(self, sign_ms: int, longest_s: float = 15.0) -> None:
        self._sign_s = sign_ms / 1000
        self._longest_s = longest_s
        self._loop = asyncio.get_running_loop()
        self._free_at = self._loop.time()

    async def drawn(self, text: str) -> None:
        """Wait for the end of what is being said; then `text` is."""
        await asyncio.sleep(max(0.0, self._free_at - self._loop.time()))
        self._free_at = self._loop.time() + min(len(text) * self._sign_s, self._longest_s)
