"""The twin's process: `python -m drivers.twins --spec FILE.json`, or `-` for a line of stdin.

Says `{"ready": true, ...}` on its standard output once its port and its socket are there, or
`{"error": "..."}`. With `--with-parent` it ends when its standard input closes.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from drivers.twins.control import Twin, serve
from drivers.twins.spec import TwinSpec


def main() -> int:
    arguments = _arguments()
    try:
        spec = TwinSpec.model_validate_json(_spec_text(arguments.spec))
        _prepare(spec)
        asyncio.run(_run(spec, with_parent=arguments.with_parent))
    except (ValidationError, OSError) as error:
        _say(error=str(error))
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="drivers.twins", description="A simulated lane box.")
    parser.add_argument("--spec", default="-", help="JSON file, or - for one line of stdin")
    parser.add_argument("--with-parent", action="store_true", help="end when stdin closes")
    return parser.parse_args()


def _spec_text(spec: str) -> str:
    return sys.stdin.readline() if spec == "-" else Path(spec).read_text(encoding="utf-8")


def _prepare(spec: TwinSpec) -> None:
    """Private folders, and no leftovers; another twin that still lives there is not disturbed."""
    for path in (spec.socket_path, spec.port_path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent.stat().st_uid != os.getuid():
            raise PermissionError(f"{path.parent} belongs to another user: choose another name")
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(spec.socket_path)) == 0:
            raise FileExistsError(
                f"{spec.socket_path}: a simulation of this name is running: "
                "end it, or give this one another name"
            )
    spec.socket_path.unlink(missing_ok=True)


async def _run(spec: TwinSpec, *, with_parent: bool) -> None:
    with Twin(spec) as twin:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, twin.stopped.set)
        if with_parent:
            loop.add_signal_handler(signal.SIGINT, lambda: None)
            loop.add_reader(sys.stdin.fileno(), _watch_parent, twin)
        async with await asyncio.start_unix_server(partial(serve, twin), spec.socket_path):
            _say(ready=True, socket=str(spec.socket_path), port=str(spec.port_path))
            await twin.run()
        spec.socket_path.unlink(missing_ok=True)


def _watch_parent(twin: Twin) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        twin.stopped.set()


def _say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
