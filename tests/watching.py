"""A camera's process and its supervisor at work for a while, and what came of it."""

import asyncio
import time
from pathlib import Path

import cv2
import numpy as np

from gateway import pipe
from gateway.evidence import Evidence
from gateway.inbox import Inbox
from gateway.lane.events import Noticed
from gateway.watcher import Watcher

GATE = {"min_char": 0.5, "box_score": 0.3}


def grey_order(folder):
    """A folder of one grey picture: no plate, but frames."""
    cv2.imwrite(str(folder / "grey.jpg"), np.full((360, 640, 3), 90, np.uint8))
    return pipe.Order(
        camera={"driver": "folder", "folder": str(folder), "every_s": 1, "fps": 10},
        reader={"driver": "onnx_plates"},
        gate=GATE,
    )


def watched(order, seconds, during=None, folder=None):
    """Run a watcher for a while; `during` is called with it at each look."""

    async def story():
        inbox, sights = Inbox(10_000), []
        evidence = Evidence(order_folder, 100)
        watcher = Watcher(
            "entry-1", order, inbox=inbox, evidence=evidence,
            changed=lambda sight: sights.append((sight.seeing, sight.why)),
        )  # fmt: skip
        task = asyncio.create_task(watcher.run())
        end = time.monotonic() + seconds
        while time.monotonic() < end and not (during and during(watcher, sights)):
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await evidence.close()
        return watcher, sights, [await inbox.get() for _ in range(len(inbox))]

    order_folder = Path(folder or order.camera["folder"])
    return asyncio.run(story())


def alarms(events) -> list[str]:
    return [event.detail for event in events if isinstance(event, Noticed)]
