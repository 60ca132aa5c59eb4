"""`lanegate ledger` and `lanegate cases`, as typed, beside a daemon or without one."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from click.testing import CliRunner

from gateway.commands.cases import cases
from gateway.commands.ledger import ledger
from gateway.lane.reports import Case, Cause, Raise
from gateway.lane.types import Direction, Inputs
from gateway.ledger import day_of
from tests.storing import NOON, a_pass, a_visit, played
from tests.system.box import a_lane

DAY = "2026-03-01"


def run(command, *words):
    return CliRunner().invoke(command, [str(word) for word in words])


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "lanegate.yaml"
    document = {
        "gateway": "north",
        "data": str(tmp_path),
        "buses": {"line-1": {"driver": "modbus_tcp", "host": "127.0.0.1", "port": 9}},
        "lanes": [a_lane("lane-1", 1, None), a_lane("lane-2", 2, None)],
    }
    path.write_text(yaml.safe_dump(document))
    return path


def stored(config, story):
    return played(config.parent / "lanegate.db", story)


async def a_good_car(store, name="p1", lane="lane-1"):
    await store.decide(lane, Direction.ENTRY, a_visit(name), NOON)
    await store.raised(lane, Raise(f"raise-{name}", NOON, Cause.PASS, "allow_list", name))
    await store.end(lane, Direction.ENTRY, a_pass(a_visit(name)))


async def a_bad_day(store):
    await a_good_car(store)
    await a_good_car(store, "p2", "lane-2")
    at = NOON + timedelta(seconds=62)
    await store.raised("lane-1", Raise("ghost", at, Cause.UNEXPLAINED, "nobody was let in"))
    late = a_visit("p3", at=NOON + timedelta(seconds=300))
    await store.end("lane-1", Direction.ENTRY, a_pass(late))


def test_a_day_that_balances_ends_with_0(config):
    stored(config, a_good_car)
    done = run(ledger, config, "--day", DAY)
    assert done.exit_code == 0, done.output
    assert "2026-03-01 balances" in done.stdout
    figures = next(line.split() for line in done.stdout.splitlines() if "lane-1" in line)
    assert figures == ["lane-1", "1", "1", "0", "0", "0", "0", "0", "0", "1", "0", "0"]


def test_a_day_that_does_not_names_each_raise_and_each_pass_and_ends_with_1(config):
    stored(config, a_bad_day)
    done = run(ledger, config, "--day", DAY)
    assert done.exit_code == 1
    assert "20:01:02 lane-1: raise ghost (unexplained: nobody was let in) has no" in done.stdout
    assert "2026-03-01 does not balance: lane-1" in done.stdout


def test_one_lane_alone_may_balance(config):
    stored(config, a_bad_day)
    done = run(ledger, config, "--day", DAY, "--lane", "lane-2", "--json")
    assert done.exit_code == 0
    assert list(json.loads(done.stdout)["lanes"]) == ["lane-2"]
    done = run(ledger, config, "--day", DAY, "--lane", "lane-9")
    assert done.exit_code == 1
    assert "no lane 'lane-9'; this box has lane-1, lane-2" in done.output


def test_json_is_what_is_published(config):
    async def story(store):
        await a_bad_day(store)
        last = (await store.meta()).last.seq
        await store.publish_ledger(day_of(NOON), NOON)
        (record,) = await store.unsent(last, 10)
        return json.loads(record.body)

    published = stored(config, story)
    done = run(ledger, config, "--day", DAY, "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (1, published)


def test_without_a_day_it_is_today(config):
    async def story(store):
        at = datetime.now(UTC)
        await store.raised("lane-1", Raise("r1", at, Cause.FIRE, "the fire contact"))

    stored(config, story)
    done = run(ledger, config, "--json")
    assert json.loads(done.stdout)["lanes"]["lane-1"]["raises"]["fire"] == 1


def test_a_quiet_day_is_told_as_such(config):
    stored(config, a_good_car)
    done = run(ledger, config, "--day", "2026-03-02")
    assert (done.exit_code, done.stdout) == (
        0,
        "2026-03-02: no boom was raised and nobody passed\n",
    )


def test_a_day_that_is_none_is_a_usage_error(config):
    done = run(ledger, config, "--day", "yesterday")
    assert done.exit_code == 2
    assert "2026-11-22" in done.output


def test_a_box_that_never_ran_is_a_sentence(config):
    for command in (ledger, cases):
        done = run(command, config)
        assert done.exit_code == 1
        assert "lanegate.db: there is no such file" in done.output
        assert "Traceback" not in done.output


# --- cases -------------------------------------------------------------------------------


async def three_cases(store):
    for number, lane in enumerate(("lane-1", "lane-2", "lane-1")):
        at = NOON + timedelta(minutes=number)
        visit = a_visit(f"p{number}", reading=None if number else a_visit().reading)
        await store.opened_case(lane, Case(f"c{number}", at, "no plate", visit, Inputs()))
    await store.closed_case("lane-1", "c0", "let in by an agent", NOON)


def test_open_cases_come_newest_first(config):
    stored(config, three_cases)
    lines = run(cases, config).stdout.splitlines()[1:]
    assert [line.split()[-1] for line in lines] == ["c2", "c1"]
    assert all(" open " in line for line in lines)


def test_closed_cases_and_those_of_one_lane_are_shown_when_asked_for(config):
    stored(config, three_cases)
    found = json.loads(run(cases, config, "--lane", "lane-1", "--all", "--json").stdout)
    assert [(case["case_id"], case["outcome"]) for case in found] == [
        ("c2", None),
        ("c0", "let in by an agent"),
    ]
    assert found[1]["plate"] == "京A12345"
    assert "let in by an agent" in run(cases, config, "--all").stdout


def test_no_cases_are_told_as_such(config):
    stored(config, a_good_car)
    assert run(cases, config).stdout == "no cases\n"
    assert run(cases, config, "--json").stdout == "[]\n"
