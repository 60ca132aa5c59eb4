"""Rights, changes and calendars from files: what is wrong is told with file, line and column."""

import json
from datetime import date
from pathlib import Path

import pytest

from gateway.config.problems import ConfigError
from gateway.rights import load_calendar, read_delta, read_rights
from gateway.rules.clock import DayKind, day_number
from tests.rights.some import a_right, fields

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "config" / "rights"


def written(path, text):
    path.write_text(text, "utf-8")
    return path


def problems(path, read=read_rights):
    with pytest.raises(ConfigError) as failure:
        list(read(path))
    return str(failure.value).replace(str(path), path.name).splitlines()


def test_the_example_has_one_of_each_kind():
    kinds = {str(right.kind) for right in read_rights(EXAMPLES / "example.yaml")}
    assert len(kinds) == 7


def test_the_same_rights_as_json_lines_are_the_same(tmp_path):
    from_yaml = list(read_rights(EXAMPLES / "example.yaml"))
    lines = "\n\n".join(right.line() for right in from_yaml)
    assert list(read_rights(written(tmp_path / "rights.jsonl", lines))) == from_yaml


def test_a_file_that_was_saved_on_windows_is_read(tmp_path):
    path = tmp_path / "rights.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + a_right("a").line().encode() + b"\r\n")
    assert list(read_rights(path)) == [a_right("a")]


def test_every_problem_of_a_list_has_its_line_and_column(tmp_path):
    path = written(
        tmp_path / "bad.yaml",
        "- id: a\n"
        "  version: 1\n"
        "  kind: staff\n"
        "  plates: [京A1]\n"
        "  valid: {from: 2026-01-01}\n"
        "- id: a\n"
        "  version: one\n"
        "  knd: staff\n"
        "  plates: [京A12345]\n"
        "  valid: {from: 2026-01-01, to: tomorrow}\n",
    )
    assert problems(path) == [
        "bad.yaml:4:12: 0.plates.0: '京A1' is no plate; write all of it, such as 京A12345",
        (
            "bad.yaml:6:3: 1.kind: kind is missing; add `kind: ...` to this entry"
            " (what sort of right it is)"
        ),
        "bad.yaml:6:7: 1.id: a second right has the id 'a'; line 1 has it too",
        "bad.yaml:7:12: 1.version: 'one' is not a whole number; give 1 to 9007199254740992",
        "bad.yaml:8:3: 1.knd: unknown key 'knd'; did you mean kind?",
        "bad.yaml:10:33: 1.valid.to: 'tomorrow' is no time; write 2026-11-30 or 2026-11-30T18:00",
    ]


def test_an_id_that_is_given_twice_is_told(tmp_path):
    twice = (
        "- {id: a, version: 1, kind: staff, plates: [京A12345], valid: {from: 2026-01-01}}\n" * 2
    )
    assert problems(written(tmp_path / "twice.yaml", twice)) == [
        "twice.yaml:2:8: 1.id: a second right has the id 'a'; line 1 has it too"
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\n", "x.yaml:1:1: this is no list of rights; a file of rights is a list"),
        ("", "x.yaml:1:1: this is no list of rights"),
        ("- {a: [}\n", "x.yaml:1:"),
    ],
)
def test_what_is_no_list_is_told(tmp_path, text, told):
    assert problems(written(tmp_path / "x.yaml", text))[0].startswith(told)


def test_a_yaml_file_that_is_too_large_is_sent_to_json_lines(tmp_path):
    path = written(tmp_path / "large.yaml", "# \n" * 100_000)
    assert problems(path) == [
        (
            "large.yaml:1:1: this file is larger than 256 KiB; write rights as JSON lines,"
            " in a file *.jsonl"
        )
    ]


def test_an_empty_list_is_a_set_with_nothing_in_it(tmp_path):
    assert list(read_rights(written(tmp_path / "none.yaml", "[]\n"))) == []
    assert list(read_rights(written(tmp_path / "none.jsonl", ""))) == []


def test_problems_of_json_lines_have_their_line(tmp_path):
    bad = [
        json.dumps(fields("a")),
        "",
        '{"id": "b",,}',
        json.dumps(fields("c", spaces=0)),
        json.dumps(fields("a")),
        '["京A12345"]',
        '{"id": "d"',
    ]
    assert problems(written(tmp_path / "bad.jsonl", "\n".join(bad))) == [
        (
            "bad.jsonl:3:12: this is no JSON: expecting property name enclosed in double quotes;"
            " each line is one right, as {...}, without a comma behind it"
        ),
        "bad.jsonl:4:1: spaces: this is out of range; allowed: 1 to 1000",
        "bad.jsonl:5:1: a second right has the id 'a'; line 1 has it too",
        (
            "bad.jsonl:6:1: a list stands where a mapping of `key: value` lines is expected;"
            " one right: whose, where, when, and for how many at a time"
        ),
        (
            "bad.jsonl:7:11: this is no JSON: expecting ',' delimiter; each line is one right,"
            " as {...}, without a comma behind it"
        ),
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [(b'{"id": "\xff"}', "this is not UTF-8 text"), (b"[" * 100_000, "this is no JSON")],
)
def test_a_line_of_rubbish_is_a_sentence(tmp_path, line, told):
    path = tmp_path / "rubbish.jsonl"
    path.write_bytes(line)
    assert told in problems(path)[0]


def test_a_file_that_is_wrong_all_over_is_told_up_to_a_limit(tmp_path):
    assert len(problems(written(tmp_path / "bad.jsonl", "{}\n" * 1000))) < 1200


def test_a_file_that_is_not_there_is_told(tmp_path):
    for name in ("none.yaml", "none.jsonl"):
        assert "this file cannot be read: No such file" in problems(tmp_path / name)[0]


def test_a_change_is_read_from_yaml_and_from_json(tmp_path):
    plain = {"from": 3, "version": 4, "set": [fields("new")], "drop": ["old"]}
    as_json = written(tmp_path / "delta.json", json.dumps(plain))
    as_yaml = written(
        tmp_path / "delta.yaml",
        "from: 3\nversion: 4\ndrop: [old]\nset:\n"
        "  - {id: new, version: 1, kind: month_card, plates: [京A12345],"
        " valid: {from: 2026-01-01, to: 2026-12-31}}\n",
    )
    assert read_delta(as_json) == read_delta(as_yaml)
    assert read_delta(as_yaml).set == (a_right("new"),)


def test_what_is_wrong_with_a_change_is_told(tmp_path):
    path = written(tmp_path / "delta.yaml", "from: 3\nversion: 3\n")
    with pytest.raises(ConfigError, match="it makes version 3 of 3; give the greater one"):
        read_delta(path)
    with pytest.raises(ConfigError, match=r"this file is no mapping.*from:, version:, set:"):
        read_delta(written(path, "- 1\n"))


# --- calendars ---------------------------------------------------------------------------


def test_the_calendar_that_ships_is_that_of_the_notice():
    calendar = load_calendar(EXAMPLES / "calendar-2026.yaml")
    assert (len(calendar.holidays), len(calendar.workdays)) == (33, 6)
    kinds = {
        (2, 14): DayKind.WORKDAY,
        (2, 15): DayKind.HOLIDAY,
        (2, 23): DayKind.HOLIDAY,
        (2, 24): DayKind.WORKDAY,
        (10, 7): DayKind.HOLIDAY,
        (10, 10): DayKind.WORKDAY,
        (10, 11): DayKind.WEEKEND,
    }
    for (month, day), kind in kinds.items():
        assert calendar.kind(day_number(date(2026, month, day))) is kind


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("holidays:\n- {from: 2026-10-01, to: 2026-09-01}\n", "2026-09-01 is before 2026-10-01"),
        ("holidays:\n- {from: 2026-01-01, to: 2027-01-01}\n", "is longer than any holiday"),
        (
            (
                "holidays:\n- {from: 2026-10-01, to: 2026-10-07}\n"
                "- {from: 2026-10-07, to: 2026-10-08}\n"
            ),
            "c.yaml:3:3: holidays.1: some of these days are in 2026-10-01 already",
        ),
        (
            "holidays:\n- {from: 2026-10-01, to: 2026-10-07}\nworkdays: [2026-10-03]\n",
            "c.yaml:3:12: workdays.0: 2026-10-03 is a holiday too",
        ),
        ("workdays: [2026-11-23]\n", "c.yaml:1:12: workdays.0: 2026-11-23 is no weekend day"),
        ("workdays: [x]\n", "c.yaml:1:12: workdays.0: 'x' does not fit"),
        ("plans: []\n", "unknown key 'plans'"),
        ("", "this file is empty"),
    ],
)
def test_a_calendar_that_cannot_be_meant_is_refused(tmp_path, text, told):
    path = written(tmp_path / "c.yaml", text)
    with pytest.raises(ConfigError) as failure:
        load_calendar(path)
    assert told in str(failure.value).replace(str(path), path.name)
