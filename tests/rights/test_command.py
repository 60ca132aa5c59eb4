"""`lanegate rights`, as typed; docs/rights.md has its plain examples."""

import json

import pytest
from click.testing import CliRunner

from gateway.commands.rights import rights
from tests.rights.some import a_right, fields, hash_of

ONE = a_right("one")


def run(*words):
    return CliRunner().invoke(rights, [str(word) for word in words])


def told(*words):
    return json.loads(run(*words, "--json").output)


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "box"
    folder.mkdir()
    return folder


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rights.jsonl"
    path.write_text(ONE.line(), "utf-8")
    return path


def test_import_tells_programs_what_was_held_and_is(data, file):
    assert told("import", file, "--data", data)["after"] == {
        "version": 1,
        "hash": hash_of([ONE]),
        "count": 1,
    }
    again = told("import", file, "--data", data, "--version", 40, "--hash", hash_of([ONE]))
    assert (again["before"]["version"], again["after"]["version"]) == (1, 40)
    assert told("show", "--data", data) == again["after"]
    assert told("import", file, "--data", data)["after"]["version"] == 41
    assert told("show", "one", "--data", data)["rights"] == [ONE.fields()]


@pytest.mark.parametrize(
    ("line", "words", "sentence"),
    [
        ("", (), "holds no right; if all are to go, say so with --empty"),
        (ONE.line(), ("--hash", "ab"), "the full set has the hash"),
        ('{"id": 7}', (), "rights.jsonl:1:1: "),
        ("{", (), "this is no JSON"),
    ],
)
def test_a_file_that_cannot_be_used_changes_nothing(data, file, line, words, sentence):
    run("import", file, "--data", data)
    file.write_text(line, "utf-8")
    done = run("import", file, "--data", data, *words)
    assert (done.exit_code, sentence in done.output) == (1, True)
    assert told("show", "--data", data)["version"] == 1
    assert run("show", "one", "--data", data).exit_code == 0


def test_problems_are_told_to_programs_too(file):
    file.write_text('{"id": "x"}', "utf-8")
    done = run("check", file, "--json")
    problem = json.loads(done.output)["problems"][0]
    assert (done.exit_code, problem["path"], problem["line"]) == (1, "kind", 1)


def test_all_rights_go_only_if_that_is_said(data, file):
    run("import", file, "--data", data)
    file.write_text("", "utf-8")
    assert told("import", file, "--data", data, "--empty")["after"]["count"] == 0


def test_a_change_goes_alone(data, file):
    for words in (("--version", "3"), ("--hash", "ab"), ("--empty",)):
        done = run("import", file, "--data", data, "--delta", *words)
        assert (done.exit_code, "give --delta alone" in done.output) == (2, True)


def test_a_change_is_checked_before_it_is_made(tmp_path, data, file):
    change = tmp_path / "change.json"
    change.write_text(json.dumps({"from": 1, "version": 2, "set": [fields("two")]}), "utf-8")
    assert "version 2 of 1: sets 1, drops 0" in run("check", "--delta", change).output
    run("import", file, "--data", data)
    assert told("import", "--delta", change, "--data", data)["after"]["count"] == 2


def test_without_a_book_there_is_nothing_and_none_is_made(data):
    assert "rights.db: none yet" in run("show", "--data", data).output
    assert run("show", "one", "--data", data).exit_code == 1
    done = run("explain", "京A12345", "--at", "2026-03-02T08:00", "--data", data)
    assert (done.exit_code, done.output) == (1, "这个车牌没有任何权益\n")
    assert list(data.iterdir()) == []


def test_a_damaged_book_is_a_sentence_for_who_looks(data, file):
    run("import", file, "--data", data)
    (data / "rights.db").write_bytes(b"rubbish" * 1000)
    for words in (("show",), ("explain", "京A12345", "--at", "2026-03-02T08:00")):
        done = run(*words, "--data", data)
        assert (done.exit_code, "no SQLite file" in done.output) == (1, True)
    assert run("import", file, "--data", data).exit_code == 0


def test_explain_tells_each_right_the_best_first_and_what_is_charged(data, file):
    night = fields("night", kind="rental", windows=[{"from": "18:00", "to": "09:00"}])
    lines = [json.dumps(one) for one in (night, fields("roof", kind="staff", areas=["roof"]))]
    file.write_text("\n".join(lines), "utf-8")
    run("import", file, "--data", data)
    stay = ("--at", "2026-03-02T19:00", "--until", "2026-03-03T09:30", "--data", data)
    found = told("explain", "京a·12345", *stay, "--language", "en")
    assert [(one["id"], one["why"]) for one in found["rights"]] == [
        ("night", "covered"),
        ("roof", "other_area"),
    ]
    assert found["rights"][1]["words"] == "staff roof: for area roof only"
    assert found["charged"] == [
        {"from": "2026-03-03T09:00:00+08:00", "to": "2026-03-03T09:30:00+08:00"}
    ]
    assert told("explain", "京A12345", *stay, "--area", "roof")["charged"] == []


def test_explain_takes_it_that_the_stay_begins_by_the_right(data, file):
    """What is granted for a number of entries covers no other stay."""
    booked = fields("booked", kind="reservation", uses=1, spaces=1)
    file.write_text(json.dumps(booked), "utf-8")
    run("import", file, "--data", data)
    stay = ("--at", "2026-03-02T19:00", "--until", "2026-03-03T09:30", "--data", data)
    assert told("explain", "京A12345", *stay)["charged"] == []


def test_explain_goes_by_the_calendar_that_is_named(tmp_path, data, file):
    calendar = tmp_path / "calendar.yaml"
    calendar.write_text("holidays: [{from: 2026-03-02, to: 2026-03-02}]\n")
    file.write_text(json.dumps(fields(windows=[{"days": ["holiday"]}])), "utf-8")
    run("import", file, "--data", data)
    asked = ("explain", "京A12345", "--at", "2026-03-02T08:00", "--data", data)
    assert run(*asked).exit_code == 1
    assert run(*asked, "--calendar", calendar).exit_code == 0
    calendar.write_text("holidays: 7\n")
    assert "calendar.yaml:1:11: holidays:" in run(*asked, "--calendar", calendar).output


def test_a_stay_that_ends_before_it_begins_is_refused(data):
    words = ("--at", "2026-03-02T08:00", "--until", "2026-03-01", "--data", data)
    done = run("explain", "京A12345", *words)
    assert (done.exit_code, "--until is before --at" in done.output) == (2, True)


def test_a_configuration_that_cannot_be_used_is_told(tmp_path):
    done = run("show", "--config", tmp_path / "none.yaml")
    assert (done.exit_code, "(or give --data)" in done.output) == (1, True)
