"""What must hold, whatever broke: compares the boxes' files and journals with the cloud's file.

I1 all that was committed arrives; I2 once; I3 nothing is done before the cloud has it; I4 in
order and without a gap; I9 no loss is counted where nothing is lost.
"""

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from gateway.sync.protocol import genesis
from gateway.sync.receive import summary


def rows(path: Path, question: str, *values: object) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as db:
        return db.execute(question, values).fetchall()


def arrived(cloud: Path) -> list[tuple[str, str]]:
    """(epoch, pass id) of each ended pass that counts, in the order of each history."""
    if not cloud.exists():
        return []
    sql = (
        "select epoch, pass_id from record where applied and kind = 'pass'"
        " and pass_id is not null order by gw, epoch, seq"
    )
    return rows(cloud, sql)


def unacked(box: Path) -> int:
    ((count,),) = rows(box, "select last_seq - acked_seq from meta")
    return count


def told_losses(cloud: Path) -> int:
    """Records that a box counted as lost."""
    told = rows(cloud, "select body from record where applied and kind = 'loss'")
    return sum(json.loads(body)["records"] for (body,) in told)


def alarms(cloud: Path) -> Counter[str]:
    """What boxes and receiver raised, by code."""
    told = rows(cloud, "select body from record where applied and kind = 'alarm'")
    own = rows(cloud, "select code from alarm")
    return Counter([json.loads(body)["code"] for (body,) in told] + [code for (code,) in own])


def each_once(cloud: Path) -> None:
    twice = [name for name, times in Counter(p for _, p in arrived(cloud)).items() if times > 1]
    assert not twice, f"I2: counted twice: {twice[:3]} and {len(twice)} in all"
    found = summary(cloud)
    assert found["duplicated"] == 0, f"I2: {found}"
    assert found["gaps"] == 0, f"I4: {found}"


def in_order(cloud: Path, journal: Sequence[str]) -> None:
    """Within each history, a box's passes stand in the order in which it committed them."""
    place = {name: number for number, name in enumerate(journal)}
    last: dict[str, int] = {}
    for epoch, name in arrived(cloud):
        if name in place:
            assert place[name] > last.get(epoch, -1), f"I4: {name} came before its turn"
            last[epoch] = place[name]


def done_is_stored(cloud: Path, box: Path) -> None:
    """I3. The box is read first: the cloud can only have gone on since."""
    (epoch, seq, chain), = rows(box, "select epoch, acked_seq, acked_chain from meta")  # fmt: skip
    if seq == 0:
        assert bytes(chain) == genesis(epoch).chain
        return
    stored = rows(
        cloud,
        "select chain from record where epoch = ? and seq = ? union"
        " select head from epoch where epoch = ? and upto = ?",
        *(epoch, seq) * 2,
    )
    assert [(bytes(one),) for (one,) in stored] == [(bytes(chain),)], "I3: done, but not stored"


def no_loss(cloud: Path) -> None:
    assert rows(cloud, "select * from loss") == [], "I9: a loss is counted, and nothing is lost"
    assert told_losses(cloud) == 0, "I9: a box counts a loss, and nothing is lost"


def all_here(cloud: Path, committed: Sequence[str]) -> bool:
    """Cheap as long as there are too few of them."""
    sql = "select count(*) from record where applied and kind = 'pass'"
    few = not cloud.exists() or rows(cloud, sql)[0][0] < len(set(committed))
    return not few and not missing(cloud, committed)


def missing(cloud: Path, committed: Sequence[str]) -> set[str]:
    return set(committed) - {name for _, name in arrived(cloud)}
