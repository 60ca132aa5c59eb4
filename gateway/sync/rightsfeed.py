"""Follows the cloud's word of the rights: takes full sets and changes, asks for what is missing.

    feed = RightsFeed(book, data / "rights-set", alarm)
    await feed.hear("rights", payload)         # `dn/rights`: which set there is
    await feed.hear("rights-set", payload)     # a part of a full set, or a change
    feed.wanted()                              # now and then while there is a connection

The last good set stays until a better one is whole. One message at a time.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Protocol

from gateway.rights import (
    Delta,
    GapError,
    Held,
    RightsError,
    RightText,
    delta_of,
    rights_of,
)
from gateway.sync.asking import RightsWanted
from gateway.sync.fields import MalformedError
from gateway.sync.rightswords import (
    Change,
    Edition,
    Part,
    decode_manifest,
    decode_set,
)
from gateway.sync.spool import Collection, Spool
from gateway.sync.wish import Wish

log = logging.getLogger(__name__)

Alarm = Callable[[str], Awaitable[None]]


class Book(Protocol):
    """Where the rights are kept; `gateway.rights.RightsBook` is the real one."""

    @property
    def state(self) -> Held:
        """Never waits."""

    async def replace(self, rights: Iterable[RightText], version: int, digest: str) -> Held:
        """All at once. Raises `RightsError`, then nothing changed, and `StoreError`."""

    async def apply(self, delta: Delta) -> Held:
        """All of it at once. Raises as `replace` does, and `GapError`."""


class RightsFeed:
    """`alarm` is awaited with a sentence when rights came that cannot be used."""

    def __init__(
        self,
        book: Book,
        folder: Path,
        alarm: Alarm,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._book = book
        self._spool = Spool(folder)
        self._alarm = alarm
        self._clock = clock
        self._wish = Wish()
        self._busy = False
        self._told = ""

    def wanted(self) -> RightsWanted | None:
        """What to ask for now. Asked again by itself, later and later, until it comes."""
        if self._busy:
            return None
        held = self._held
        why = self._wish.due(held, self._clock())
        return None if why is None else RightsWanted(held.version, held.digest, why)

    @property
    def _held(self) -> Edition:
        state = self._book.state
        return Edition(state.version, state.hash)

    async def hear(self, leaf: str, payload: bytes) -> None:
        """Raises `MalformedError`, and `StoreError`: then the same message may come again."""
        self._busy = True
        try:
            await (self._on_manifest(payload) if leaf == "rights" else self._on_set(payload))
        finally:
            self._busy = False

    async def _on_manifest(self, payload: bytes) -> None:
        if not payload:  # somebody took the retained message away
            return
        self._wish.aim(decode_manifest(payload), self._clock())
        # What was whole when the program ended is built now.
        there = await asyncio.to_thread(self._spool.collected)
        if there and there.edition == self._wish.goal and self._spool.is_whole(there):
            await self._build(there)

    async def _on_set(self, payload: bytes) -> None:
        try:
            # In a thread: a long one takes milliseconds, which the lanes would feel.
            message = await asyncio.to_thread(decode_set, payload)
        except MalformedError as error:
            self._wish.failed(f"a message of the set is not understood: {error}", self._clock())
            raise
        match message:
            case Part():
                await self._on_part(message)
            case Change():
                await self._on_change(message)

    # --- full sets

    async def _on_part(self, part: Part) -> None:
        collection = Collection(part.edition, part.parts)
        there = await asyncio.to_thread(self._spool.collected)
        if self._is_past(part.edition) or not self._is_better(collection, there):
            log.debug("rights: a part of version %d is not needed", part.edition.version)
            return
        whole = await asyncio.to_thread(self._spool.put, part)
        self._wish.moves(self._clock())
        if whole:
            await self._build(collection)

    def _is_past(self, edition: Edition) -> bool:
        """Held already, or before what is wanted."""
        goal, held = self._wish.goal, self._held
        return edition == held or (edition != goal and edition.version <= (goal or held).version)

    def _is_better(self, new: Collection, there: Collection | None) -> bool:
        """What the cloud last called the set comes first; else the newer of two."""
        goal = self._wish.goal
        if there is None or new == there or new.edition == goal:
            return True
        return there.edition != goal and new.edition.version >= there.edition.version

    async def _build(self, collection: Collection) -> None:
        edition = collection.edition
        try:
            if edition != self._held:
                rights = rights_of(self._spool.rights(collection))
                await self._book.replace(rights, edition.version, edition.digest)
        except RightsError as error:
            await asyncio.to_thread(self._spool.clear)
            await self._refuse(
                f"the set of rights, version {edition.version}, is not taken: {error}"
            )
        else:
            await self._taken(f"version {edition.version} is held, a full set")

    # --- changes

    async def _on_change(self, change: Change) -> None:
        held, new = self._held, change.edition
        if new == held or self._is_old(change, held):
            return
        what = f"the change of the rights from version {change.since} to {new.version}"
        if change.since != held.version:
            self._misfit(what, f"this box holds version {held.version}")
            return
        try:
            # In a thread: many rights take long to check, which the lanes would feel.
            delta = await asyncio.to_thread(delta_of, change.since, *new, change.put, change.drop)
            await self._book.apply(delta)
        except GapError as error:
            self._misfit(what, str(error))
        except RightsError as error:
            await self._refuse(f"{what} is not taken: {error}")
        else:
            await self._taken(f"version {new.version} is held, by a change")

    def _misfit(self, what: str, why: str) -> None:
        log.warning("rights: %s does not fit: %s", what, why)
        self._wish.failed(f"{what} does not fit: {why}", self._clock())

    def _is_old(self, change: Change, held: Edition) -> bool:
        """One that came late or twice, while nothing is missing."""
        return change.edition.version <= held.version and self._wish.goal in (None, held)

    # --- afterwards

    async def _taken(self, what: str) -> None:
        self._told = ""
        self._wish.came(self._clock())
        log.info("rights: %s", what)
        there = await asyncio.to_thread(self._spool.collected)
        if there and self._is_past(there.edition):
            await asyncio.to_thread(self._spool.clear)

    async def _refuse(self, why: str) -> None:
        self._wish.failed(why, self._clock())
        if why != self._told:
            self._told = why
            await self._alarm(f"{why}; the rights before it stay in force")
