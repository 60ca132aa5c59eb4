"""`lanegate sessions`, as typed, beside a daemon's door; every example of the handbook among it."""

import re
import shlex

import pytest

from gateway.lane.types import Reason, Terms
from gateway.rules.sessions import Closing
from gateway.rules.tariff.stay import AllOff
from gateway.store import Place
from gateway.store.stays import known_of
from gateway.sync.telling import Grant, Merge, Pay
from tests.commands.carpark import (
    CARD,
    LOST,
    MISREAD,
    OWES,
    PAYS,
    ROOT,
    TWICE,
    at_work,
    came,
    clock,
    ident,
    left,
    run,
    told,
    written,
)

PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("sessions", "trace")}
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = [
    pytest.param(block, id=f"{name}: {block.splitlines()[0]}")
    for name, page in PAGES.items()
    for block in BLOCK.findall(page)
]


@pytest.fixture
def path(tmp_path):
    return written(tmp_path)


@pytest.fixture
def door(path):
    with at_work(path.parent):
        yield path


# --- the handbook ------------------------------------------------------------------------


@pytest.mark.parametrize("block", BLOCKS)
def test_the_handbook_shows_what_is_printed(door, block):
    printed = []
    for line in (one for one in block.splitlines() if one.startswith("$ lanegate ")):
        done = run(door, *shlex.split(line.removeprefix("$ lanegate ")))
        printed += [line, *(one.rstrip() for one in done.output.splitlines())]
    assert printed == block.splitlines()


# --- who is there ------------------------------------------------------------------------


def plates(path, *words):
    return [row["plate"] for row in told(path, "sessions", *words)]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), [None, TWICE, LOST, CARD]),
        (("--inside",), [None, TWICE, LOST, CARD]),
        (("--limit", "1"), [None]),
        (("--plate", TWICE), [TWICE, TWICE]),
        (("--plate", "沪c·30003", "--inside"), [TWICE]),
        (("--left-since", "2026-03-02T10:30"), [MISREAD, TWICE, OWES]),
        (("--left-since", "2026-03-02T00:00", "--longer", "140m"), [TWICE, PAYS]),
        (("--left-since", "2026-03-02T00:00", "--longer", "176m"), []),
        (("--longer", "24h"), [None, TWICE, LOST, CARD]),
        (("--longer", "3650d"), []),
        (("--area", "roof"), []),
        (("--area", "main", "--limit", "2"), [None, TWICE]),
    ],
)
def test_stays_are_chosen_by_all_that_is_said(path, words, found):
    assert plates(path, *words) == found


def test_a_list_shows_what_a_technician_asks(path):
    line = next(x for x in run(path, "sessions").output.splitlines() if CARD in x)
    assert line.split()[:6] == [CARD, "car", "main", "2026-03-02", "08:10:09", "inside"]
    assert (line.split()[-3], line.split()[-1]) == ("card-17", ident(3))


def test_the_configuration_may_stand_before_a_command_and_choices_may_not(path):
    for words in (("-c", path, "show", PAYS), ("show", PAYS, "-c", path)):
        assert ident(1) in run("nowhere.yaml", "sessions", *words).output
    done = run(path, "sessions", "--json", "show", PAYS)
    assert (done.exit_code, "--json is for the list" in done.output) == (2, True)


def test_a_box_without_a_car_park_says_so(path):
    path.write_text(path.read_text().replace("parking: {}\n", ""))
    done = run(path, "sessions", "--plate", "京Z00000")
    assert (done.exit_code, done.output) == (0, "no stays: this box has no parking section\n")


def test_what_is_due_now_goes_by_the_tariff_and_by_nothing_where_there_is_none(path):
    """However long it goes on: 28 yuan for each 24 hours."""
    (row,) = told(path, "sessions", "--plate", LOST)
    assert row["due_now_fen"] > 28_00
    (path.parent / "tariffs" / "rolling-cap.yaml").write_text("nonsense")
    (row,) = told(path, "sessions", "--plate", LOST)
    assert "due_now_fen" not in row
    assert run(path, "sessions", "--plate", LOST).exit_code == 0


def test_who_has_left_has_nothing_due_now(path):
    (row,) = told(path, "sessions", "--plate", OWES)
    assert (row["owed_fen"], "due_now_fen" in row) == (1300, False)


def test_who_has_left_and_still_owes_is_on_the_unpaid_list(path):
    (row,) = told(path, "sessions", "--owing")
    assert (row["plate"], row["owed_fen"] - row["settled_fen"]) == (OWES, 1300)
    assert "13.00" in run(path, "sessions", "--owing").output


async def in_two_areas(store):
    await came(store, 1, PAYS, "08:00")
    await came(store, 2, OWES, "08:10")
    await came(store, 3, OWES, "08:20", place=Place("roof", "main"))
    await came(store, 4, CARD, "08:30", terms=Terms(session_id=ident(4), vehicle="large"))


def test_inside_is_counted_by_area_and_class(tmp_path):
    path = written(tmp_path, in_two_areas)
    assert told(path, "sessions", "inside") == [
        {"area": "main", "vehicle": "car", "inside": 1},
        {"area": "main", "vehicle": "large", "inside": 1},
        {"area": "roof", "vehicle": "car", "inside": 1},
    ]
    assert plates(path, "--area", "roof") == [OWES]
    assert plates(path, "--area", "main") == [CARD, OWES, PAYS]


def test_an_area_inside_is_shown_with_its_times(tmp_path):
    path = written(tmp_path, in_two_areas)
    assert "         roof 2026-03-02 08:20:09 - -" in run(path, "sessions", "show", OWES).output


# --- one stay ----------------------------------------------------------------------------


def test_show_finds_a_plate_however_it_is_typed(path):
    assert told(path, "sessions", "show", "京a·12345")["session"]["session_id"] == ident(1)
    done = run(path, "sessions", "show", "京Z00000")
    assert done.exit_code == 1
    assert "there is no stay 京Z00000" in done.output


def test_of_several_stays_of_a_plate_the_one_that_goes_on_is_meant(path):
    assert told(path, "sessions", "show", TWICE)["session"]["session_id"] == ident(13)


async def owes_and_comes_again(store):
    from tests.commands.carpark import a_bill

    await came(store, 1, OWES, "08:00")
    await left(store, 2, OWES, "09:00", reason=Reason.OWING, terms=a_bill(1, "08:00", "09:00"))
    await came(store, 3, OWES, "09:10")
    await left(store, 4, OWES, "09:15", reason=Reason.FREE)


def test_of_stays_that_are_over_the_one_that_owes_is_meant(tmp_path):
    path = written(tmp_path, owes_and_comes_again)
    assert told(path, "sessions", "show", OWES)["session"]["session_id"] == ident(1)


def test_show_names_links_both_ways(path):
    old, new = (told(path, "sessions", "show", ident(one)) for one in (2, 13))
    assert [one["session_id"] for one in old["linked"]] == [ident(13)]
    assert [one["session_id"] for one in new["linked"]] == [ident(2)]
    assert old["session"]["closing"] == str(Closing.SUPERSEDED)


def test_who_may_be_the_same_is_named_from_both_ends(path):
    lost, misread = (told(path, "sessions", "show", one) for one in (LOST, MISREAD))
    assert [one["plate"] for one in lost["likely"]] == [MISREAD]
    assert [one["plate"] for one in misread["likely"]] == [LOST]
    assert told(path, "sessions", "show", PAYS)["likely"] == []


async def a_neighbour(store):
    """Another car, one character beside: it came and went as it should."""
    await came(store, 1, LOST, "08:00")
    await came(store, 2, MISREAD, "08:10")
    await left(store, 3, MISREAD, "09:00", reason=Reason.FREE)
    await left(store, 4, "京N8B00B", "07:00", reason=Reason.NO_ENTRY)


def test_a_neighbour_that_came_itself_or_left_before_is_not_named(tmp_path):
    path = written(tmp_path, a_neighbour)
    assert told(path, "sessions", "show", LOST)["likely"] == []


def test_nothing_is_reckoned_for_a_stay_that_is_over_under_a_plate_that_is_inside(path):
    assert known_of(path.parent / "data" / "lanegate.db", ident(2), (), clock("12:00")) is None


async def became_another(store):
    await came(store, 1, CARD, "08:00")
    await came(store, 2, LOST, "08:10")
    await store.told(Merge(ident(9), ident(2), ident(1), "wang", "one car"))


def test_a_stay_that_became_another_one_is_not_a_long_one(tmp_path):
    path = written(tmp_path, became_another)
    assert plates(path, "--plate", LOST) == [LOST]
    assert plates(path, "--plate", LOST, "--longer", "24h") == []


def test_a_fee_of_many_days_is_told_in_short_and_whole_to_programs(path):
    shown = run(path, "sessions", "show", CARD).output
    assert "more lines: --json has all" in shown
    assert len(shown.splitlines()) < 45
    assert len(told(path, "sessions", "show", CARD)["due_now"]["lines"]) > 100


def test_a_box_that_never_ran_is_a_sentence(tmp_path):
    path = written(tmp_path)
    for file in (path.parent / "data").glob("lanegate.db*"):
        file.unlink()
    for words in ((), ("inside",), ("show", PAYS), ("pay", PAYS, "5")):
        done = run(path, "sessions", *words)
        assert (done.exit_code, "there is no such file" in done.output) == (1, True)


async def paid_and_granted(store):
    """Open money and credits under a plate alone."""
    await came(store, 1, PAYS, "08:00")
    await store.told(Pay(ident(21), "", PAYS, 700, clock("08:30"), "wechat"))
    await store.told(Grant(ident(22), "", PAYS, AllOff(ident(22)), clock("23:00"), "a guest"))


def test_show_tells_what_waits_under_the_plate(tmp_path):
    found = told(written(tmp_path, paid_and_granted), "sessions", "show", PAYS)
    assert [one["amount_fen"] for one in found["money"]] == [700]
    assert [one["credit_id"] for one in found["credits"]] == [ident(22)]
