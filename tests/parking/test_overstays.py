"""Vehicles that stay too long are told of, once each."""

from gateway.parking.overstays import tell_overstays
from tests.parking.parks import played

CAR, NIGHT, CARD = "京A12345", "京B88888", "京C77777"
RIGHTS = (
    {
        "id": "space-9",
        "version": 1,
        "kind": "shared_space",
        "plates": [NIGHT],
        "valid": {"from": "2026-01-01", "to": "2027-01-01"},
        "windows": [{"from": "11:00", "to": "15:00"}],
        "late_min": 15,
    },
    {
        "id": "card-1",
        "version": 1,
        "kind": "month_card",
        "plates": [CARD],
        "valid": {"from": "2026-01-01", "to": "2027-01-01"},
    },
)


def alarms(rig):
    async def told():
        db = rig.store._db
        sql = "select detail from alarms where code = 'vehicle_overstays' order by rowid"
        return [row[0] for row in db.execute(sql)]

    return told()


def test_who_stays_too_long_is_told_of_once_and_who_has_a_right_only_when_it_ends(tmp_path):
    async def story(rig):
        for plate in (CAR, NIGHT, CARD):
            await rig.comes_in(plate)
        counts = []
        for hours in (0, 3, 0.3, 68, 10, 90):
            rig.later(hours=hours)
            counts.append(await tell_overstays(rig.park, rig.now))
        return counts, await alarms(rig)

    counts, told = played(tmp_path, story, *RIGHTS)
    assert counts == [0, 0, 1, 0, 1, 0]
    assert "space-9" in told[0]
    assert NIGHT in told[0]
    assert CAR in told[1]
