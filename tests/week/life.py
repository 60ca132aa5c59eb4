"""What each vehicle does in its week: it comes, stays and leaves, or tries to."""

import asyncio
import contextlib
import sqlite3
from dataclasses import dataclass

from tests.week.exits import KEPT_S, NAMELESS_S, Scene
from tests.week.inside import Parked
from tests.week.people import Car, Mishap, misread
from tests.week.site import loop_time
from tests.week.street import AtGate, Line, backs_out, drive, first_in_line, let_in, was_told
from tests.week.truth import Crossing, Stay, week_s
from tests.week.world import World, until

PATIENCE_S = 900.0
FOUND_S, WRITTEN_S = 50 * 3600.0, 5.0


@dataclass(frozen=True, slots=True)
class Life:
    world: World

    async def live(self, car: Car) -> None:
        if car.account:
            self._funds(car)
        for trip in car.trips:
            await until(trip.come_s)
            stay = self.world.truth.begins(car, trip)
            if await self._goes_in(stay):
                await self._stays(stay)
                await self._goes_out(stay)
            self.world.truth.leaves(stay)

    def _funds(self, car: Car) -> None:
        locked, credit_fen = car.account == "locked", 100 if car.account == "poor" else 100_000
        self.world.cloud.accounts[car.plate] = car.account
        self.world.cloud.tell(
            "funds", plate=car.plate, credit_fen=credit_fen, locked=locked, number=2
        )
        self.world.cloud.tell("funds", plate=car.plate, credit_fen=0, locked=True, number=1)

    # --- in

    async def _goes_in(self, stay: Stay) -> bool:
        car, mishap = stay.car, stay.trip.mishap
        text = car.plate
        if mishap is Mishap.MISREAD_IN:
            text = misread(car.plate, car.dice)
        if mishap in (Mishap.NO_PLATE, Mishap.NO_PLATE_IN):
            text = ""
        async with first_in_line(self.world.box.gates["north"], car, text) as at:
            if not await let_in(at, PATIENCE_S, self._guard_in):
                self.world.truth.wrong(f"{car.plate} was kept out")
                return False
            if mishap is Mishap.BACK_IN:
                await backs_out(at)
                return False
            stay.entry = at.crossing
            self.world.truth.pending += 1
            await drive(at)
            stay.in_s = at.crossing.off_s
        if await self._was_seen(at.crossing):
            self.world.truth.seen_in(stay, at.crossing)
        else:
            stay.doubts.append("it came while the gateway was down")
            self.world.truth.counts["unseen in"] += 1
        self.world.truth.pending -= 1
        return True

    def _guard_in(self, at: AtGate) -> None:
        if at.waited_s > KEPT_S and at.text and at.once("late"):
            visit = at.visit
            self.world.truth.wrong(f"{at.text} waits at the entry: {visit and visit.decision}")
        if at.waited_s > (KEPT_S if at.text else NAMELESS_S) and at.once(
            f"press {at.waited_s // 20}"
        ):
            at.press()

    async def _was_seen(self, crossing: Crossing) -> bool:
        """What was on its way to the disk when the gateway was killed, only the disk can tell."""
        told = await was_told(crossing)
        if not crossing.clouded:
            if not told:
                words = f"{crossing.gate}: nobody told that {crossing.plate} went through"
                self.world.truth.wrong(words)
            return told
        await asyncio.sleep(WRITTEN_S)
        if crossing.record is None:
            return False
        pass_id = crossing.record.visit.pass_id
        path = f"file:{self.world.box.database}?mode=ro"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as db:
            row = db.execute("select ending from passes where pass_id = ?", (pass_id,)).fetchone()
        return row is not None and row[0] == "passed"

    # --- inside

    async def _stays(self, stay: Stay) -> None:
        car, trip = stay.car, stay.trip
        leave_s = week_s() + trip.stay_s
        for at_s, doing in Parked(self.world, stay, leave_s).doings():
            await until(at_s)
            await doing()
        if trip.mishap is Mishap.BACK_OUT:
            await until(leave_s)
            await self._comes_back(stay)
            leave_s += 1300.0 if car.dice.random() < 0.5 else 300.0
        await until(leave_s)

    # --- out

    async def _comes_back(self, stay: Stay) -> None:
        """Is let out, and remembers that something was left behind."""
        async with self._at_exit(stay, stay.car.plate) as at:
            if await let_in(at, PATIENCE_S, *Scene(self.world, stay).ideas):
                await backs_out(at)

    def _at_exit(self, stay: Stay, text: str) -> Line:
        gate = self.world.box.gates[stay.car.dice.choice(("east", "west"))]
        return first_in_line(gate, stay.car, text)

    async def _goes_out(self, stay: Stay) -> None:
        car, mishap = stay.car, stay.trip.mishap
        if mishap is Mishap.UNSEEN_EXIT:
            stay.out_s = loop_time()
            self.world.truth.left_unseen(stay, "it left where no lane is")
            self.world.cloud.start(self._closes_later(stay))
            return
        text = "" if mishap is Mishap.NO_PLATE else car.plate
        if mishap is Mishap.MISREAD_OUT:
            text = misread(car.plate, car.dice)
        async with self._at_exit(stay, text) as at:
            if not await let_in(at, PATIENCE_S, *Scene(self.world, stay).ideas):
                self.world.truth.wrong(f"{car.plate} was kept in")
                return
            stay.exit = at.crossing
            self.world.truth.pending += 1
            await drive(at)
            stay.out_s = at.crossing.off_s
        if await self._was_seen(at.crossing):
            self.world.truth.seen_out(stay, at.crossing)
        else:
            self.world.truth.left_unseen(stay, "it left while the gateway was down")
            self.world.truth.counts["unseen out"] += 1
        self.world.truth.pending -= 1
        if stay.session_id in self.world.truth.ghosts:
            self.world.cloud.start(self._closes_later(stay))

    async def _closes_later(self, stay: Stay) -> None:
        """Somebody walks through the car park at night and finds an empty place."""
        await asyncio.sleep(FOUND_S)
        if stay.session_id not in self.world.truth.ghosts:
            return
        self.world.cloud.tell(
            "close", lambda: self.world.truth.closed(stay.session_id), session_id=stay.session_id,
            by="agent 7", reason="the place is empty",
        )  # fmt: skip
