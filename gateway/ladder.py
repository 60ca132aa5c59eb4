"""The degradation ladder: what is missing, and what the lanes still do without it."""

from enum import StrEnum


class Rung(StrEnum):
    """What is missing; a box with nothing missing is FULL."""

    FULL = "FULL"
    CLOUD_LOST = "CLOUD_LOST"
    VISION_LOST = "VISION_LOST"
    BUS_LOST = "BUS_LOST"
    CLOCK_UNTRUSTED = "CLOCK_UNTRUSTED"
    STORAGE_FULL = "STORAGE_FULL"
    STORAGE_FAILED = "STORAGE_FAILED"
    FIRE = "FIRE"


STILL = {
    Rung.FULL: "everything",
    Rung.CLOUD_LOST: (
        "everything by the lists, rights and tariffs on this box; a fee is paid by a QR code over"
        " the driver's own network, or owed within the limits; records wait on its disk and go out,"
        " in order, when the cloud is back"
    ),
    Rung.VISION_LOST: (
        "the lane without a camera opens by its button, a code or an agent, and records it; plates"
        " are not read there"
    ),
    Rung.BUS_LOST: (
        "the lane whose inputs are lost closes no boom and lets nobody in, unless its `timing` says"
        " that it opens then; the barrier's own controller and its handle still work"
    ),
    Rung.CLOCK_UNTRUSTED: (
        "everything, as no time-out needs the time of day; the times in the records may be wrong,"
        " fees go by them, and the daily ledgers wait"
    ),
    Rung.STORAGE_FULL: (
        "everything while records still fit; after that as with STORAGE_FAILED; pictures go first"
    ),
    Rung.STORAGE_FAILED: (
        "whoever was let in goes through and the boom closes; nobody new is let in, as it could not"
        " be recorded; a fire still opens; records wait in memory"
    ),
    Rung.FIRE: (
        "every lane is held open until it is reset at the lane; plates are read and whoever goes"
        " through is recorded"
    ),
}
