"""How a box is, for `lanegate status`: from the daemon at work, or from its files where none is."""

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

from gateway.background import Box
from gateway.config import Config
from gateway.control import ask
from gateway.health import fields_of
from gateway.store import QUOTA_BYTES, StoreError, read_figures

DATABASE = "lanegate.db"


async def status_now(box: Box) -> dict[str, Any]:
    """The state that is published, with figures of this moment and the connection's own word."""
    with contextlib.suppress(StoreError):
        box.health.figures_are(await box.store.figures())
    link = None if box.uplink is None else dataclasses.asdict(box.uplink.status())
    kept = (await box.evidence.figures()).on_disk._asdict()
    own = {"running": True, "gateway": box.config.gateway, "uplink": link, "evidence": kept}
    return own | box.health.as_state()


def status_of(config: Config) -> dict[str, Any]:
    """`running` is False where no daemon answers: then there are only the store's figures.

    Raises `StoreError` where those cannot be read either.
    """
    try:
        return ask(config.data, "status")
    except OSError as error:
        silence = error.strerror or str(error)
    path: Path = config.data / DATABASE
    found = fields_of(read_figures(path, QUOTA_BYTES))
    return {"running": False, "gateway": config.gateway, "daemon": silence, **found}
