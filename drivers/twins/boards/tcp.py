"""A simulated board with a network socket: Modbus TCP on a port of this machine."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from drivers.twins.boards.slave import ModbusBoard
from drivers.twins.line import CRC_BYTES, with_crc

HEADER = struct.Struct(">HHHB")
LONGEST_PDU = 254


class TcpBoard:
    """`heard` holds the questions from their unit number on; `deaf` boards do not answer.

    What stands in `replies`, from the function on, is said instead of the next answers.
    """

    def __init__(self, board: ModbusBoard) -> None:
        self.board = board
        self.heard: list[bytes] = []
        self.replies: list[bytes] = []
        self.deaf = False
        self._writers: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """The TCP port, until the end of this block."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for writer in self._writers:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                number, _, size, unit = HEADER.unpack(await reader.readexactly(HEADER.size))
                if not 0 < size - 1 <= LONGEST_PDU:
                    break
                question = bytes([unit]) + await reader.readexactly(size - 1)
                await asyncio.sleep(self.board.delay_s)
                self._answer(writer, number, question)
        self._writers.discard(writer)
        writer.close()

    def _answer(self, writer: asyncio.StreamWriter, number: int, question: bytes) -> None:
        self.heard.append(question)
        frame = self.board.answer(with_crc(question))
        reply = frame[1:-CRC_BYTES] if frame else b""
        if self.replies:
            reply = self.replies.pop(0)
        if reply and not self.deaf:
            writer.write(HEADER.pack(number, 0, len(reply) + 1, question[0]) + reply)
