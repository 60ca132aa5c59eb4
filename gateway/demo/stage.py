"""What the demo runs: a broker in this process, the receiver and the daemon as processes."""

import asyncio
import contextlib
import logging
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from gateway.config import Config, load

END_S = 15.0
TEMPLATE = Path(__file__).parents[2] / "config" / "demo.yaml"
RIGHTS = TEMPLATE.parent / "demo" / "rights.yaml"


class DemoError(Exception):
    """Why the demo cannot go on: a sentence."""


@dataclass(slots=True)
class Stage:
    """`folder` holds everything: configuration, databases, pictures, journal and logs.

    `port` is the broker's; `screens` are the ports of the lanes' pages, by the lane's name.
    `began`: the time of day at which the daemon was started.
    """

    folder: Path
    config: Config
    port: int
    screens: Mapping[str, int]
    began: datetime
    daemon: asyncio.subprocess.Process
    receiver: asyncio.subprocess.Process

    @property
    def database(self) -> Path:
        return self.config.data / "lanegate.db"

    @property
    def received(self) -> Path:
        return self.folder / "received.db"

    @property
    def journal(self) -> Path:
        return self.folder / "journal.jsonl"

    @property
    def twin(self) -> Path:
        return self.folder / "twin.sock"

    async def stop_daemon(self) -> None:
        await _end(self.daemon)


@contextlib.asynccontextmanager
async def set_up(seed: int) -> AsyncIterator[Stage]:
    """Everything started; everything ended and removed again afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="lanegate-demo-"))
    port = _free_port()
    document = _placed(folder, port, seed)
    screens = {lane["name"]: int(lane["display"]["port"]) for lane in document["lanes"]}
    file = folder / "lanegate.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    config = load(file)
    broker = _broker(port)
    await broker.start()
    with (folder / "log.txt").open("wb") as log:
        receiver = await _start(
            log,
            "receive",
            *("--broker", f"mqtt://127.0.0.1:{port}"),
            *("--db", f"sqlite://{folder / 'received.db'}"),
        )
        began, daemon = datetime.now(UTC), await _start(log, "run", str(file))
        try:
            yield Stage(folder, config, port, screens, began, daemon, receiver)
        finally:
            await _end(daemon)
            await _end(receiver)
            await broker.shutdown()
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _placed(folder: Path, port: int, seed: int) -> dict[str, Any]:
    """The demo's configuration, in this folder, on this port, with this seed."""
    document: dict[str, Any] = yaml.load(TEMPLATE.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506 -- text only
    document["data"] = str(folder / "data")
    document["cloud"]["port"] = str(port)
    document["parking"]["tariffs"] = str(TEMPLATE.parent / document["parking"]["tariffs"])
    bus = document["buses"]["line-1"]
    bus |= {
        "seed": str(seed),
        "socket": str(folder / "twin.sock"),
        "port": str(folder / "port"),
        "journal": str(folder / "journal.jsonl"),
    }
    for lane in bus["lanes"]:
        lane["traffic"]["seed"] = str(seed)
    for lane in document["lanes"]:
        lane["camera"]["twin"] = str(folder / "twin.sock")
        lane["display"]["port"] = str(_free_port())
    return document


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


def _broker(port: int) -> Any:
    try:
        from amqtt.broker import Broker
    except ImportError as error:
        raise DemoError("the demo needs its extra: pip install 'lanegate[demo]'") from error
    # The embedded broker tells every client that hangs up with a trace; the demo's own log is
    # what the daemon and the receiver write.
    for name in ("amqtt", "transitions", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    anonymous = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    listeners = {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}
    return Broker({"listeners": listeners, "plugins": anonymous})


async def _start(log: Any, *words: str) -> asyncio.subprocess.Process:
    """Ctrl-C at the terminal is for the demo alone: it ends the others in order."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", *words, stdout=log, stderr=log, start_new_session=True
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
