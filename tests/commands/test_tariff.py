"""`lanegate tariff`, as typed; every example of the handbook among it."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.commands.tariff import tariff

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tariffs.md").read_text("utf-8")
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^```yaml (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = [
    (lines[0], lines[1:])
    for block in BLOCK.findall(PAGE)
    for lines in (part.splitlines() for part in block.split("$ lanegate tariff ")[1:])
]
ROLLING = str(ROOT / "config" / "tariffs" / "rolling-cap.yaml")
TWO_HOURS = ("--in", "2026-03-02T10:00", "--out", "2026-03-02T12:00")


def run(*words, **environment):
    return CliRunner().invoke(tariff, [str(word) for word in words], env=environment)


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=[words for words, _ in EXAMPLES])
def test_the_handbook_shows_what_is_printed(command, output, tmp_path, monkeypatch):
    (tmp_path / "config").symlink_to(ROOT / "config")
    for name, text in FILE.findall(PAGE):
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    done = run(*command.split())
    assert done.output.splitlines() == output
    assert done.exit_code == (1 if "bad.yaml" in command else 0)


def test_both_languages_of_the_handbook_have_examples():
    assert sum("--language en" in command for command, _ in EXAMPLES) >= 5
    assert sum("explain" in c and "--language en" not in c for c, _ in EXAMPLES) >= 5


def test_json_holds_each_line_in_words_and_its_sums():
    done = run(
        "explain", ROLLING, *TWO_HOURS, "--paid", "4@2026-03-02T11:00", "--json", "--language", "en"
    )
    told = json.loads(done.output)
    assert [line["rule"] for line in told["lines"]] == ["2 x 5.00 yuan per 1 h"]
    assert [told[name] for name in ("total_fen", "discounted_fen", "paid_fen", "due_fen")] == [
        1000,
        0,
        400,
        600,
    ]
    assert told["lines"][0]["start"] == "2026-03-02T10:00:00+08:00"


def test_times_with_an_offset_are_the_same_instants():
    done = run("explain", ROLLING, "--in", "2026-03-02T02:00Z", "--out", "2026-03-01T23:00-05:00")
    assert done.output == run("explain", ROLLING, *TWO_HOURS).output


def test_a_free_day_that_is_used_up_is_said():
    path = ROOT / "config" / "tariffs" / "new-energy-daily.yaml"
    asked = ("explain", path, "--class", "new_energy", *TWO_HOURS, "--json")
    hour = ("--in", "2026-03-02T10:00", "--out", "2026-03-02T11:00")
    assert json.loads(run(*asked, *hour).output)["quota_days"] == ["2026-03-02"]
    assert json.loads(run(*asked, *hour, "--quota-used").output)["due_fen"] == 250


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--paid", "5"), "'5' is no payment; write it as 5.00@2026-03-02T10:00"),
        (("--paid", "five@2026-03-02T10:00"), "'five' is no amount in yuan"),
        (("--paid", "0.005@2026-03-02T10:00"), "'0.005' is no amount in yuan"),
        (("--paid", "nan@2026-03-02T10:00"), "'nan' is no amount in yuan"),
        (("--paid", "-1@2026-03-02T10:00"), "'-1' is no amount in yuan"),
        (("--paid", "5@noon"), "'noon' is no time; write it as 2026-03-02T08:00"),
        (("--paid", "0@2026-03-02T10:00"), "a payment of 0 fen is none"),
        (("--credit", "luck:7"), "'luck:7' is no credit; write it as amount:5.00"),
        (("--credit", "all:7"), "'all:7' is no credit"),
        (("--credit", "class:"), "'class:' is no credit"),
        (("--credit", "minutes:half"), "'half' is no whole number; write digits only"),
        (("--credit", "percent:101"), "credit 1: 101 % is not 0 to 100 %"),
        (("--charging", "2026-03-02T10:00"), "is no time from and to"),
        (("--charging", "2026-03-02T11:00/2026-03-02T10:00"), "ends before it begins"),
        (("--visit", "inner"), "'inner' is no visit"),
        (("--in", "2026-03-02T13:00"), "--out is before --in"),
        (("--in", "yesterday"), "'yesterday' is no time"),
        (("--class",), "requires an argument"),
    ],
)
def test_what_is_typed_wrong_is_a_sentence(words, sentence):
    done = run("explain", ROLLING, *TWO_HOURS, *words)
    assert done.exit_code == 2
    assert sentence in done.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--area", "roof"), "area 'roof' has no tariff in force at 2026-03-02 10:00"),
        (("--in", "2020-01-01T00:00"), "area 'main' has no tariff in force at 2020-01-01 00:00"),
        (("--visit", "inner:2026-03-02T10:10/2026-03-02T11:00"), "area 'inner' has no tariff"),
    ],
)
def test_without_a_tariff_it_is_a_sentence(words, sentence):
    done = run("explain", ROLLING, *TWO_HOURS, *words)
    assert done.exit_code == 1
    assert sentence in done.output
    assert "Traceback" not in done.output


def test_of_several_areas_one_must_be_named():
    done = run("explain", ROOT / "config" / "tariffs" / "nested", *TWO_HOURS)
    assert done.exit_code == 2
    assert "which --area was entered first? there are inner, outer" in done.output


def test_without_a_file_it_is_the_folder_beside_the_configuration(tmp_path):
    (tmp_path / "tariffs").symlink_to(ROOT / "config" / "tariffs" / "nested")
    place = {"LANEGATE_CONFIG": str(tmp_path / "lanegate.yaml")}
    done = run("check", **place)
    assert (done.exit_code, done.output) == (
        0,
        (
            f"{tmp_path}/tariffs: ok; inner 2026-1 from 2026-01-01: all vehicles;"
            " outer 2026-1 from 2026-01-01: all vehicles\n"
        ),
    )
    assert run("explain", *TWO_HOURS, "--area", "inner", **place).exit_code == 0


def test_a_broken_tariff_explains_nothing(tmp_path):
    path = tmp_path / "tariff.yaml"
    path.write_text("area: main\n")
    done = run("explain", path, *TWO_HOURS)
    assert done.exit_code == 1
    assert f"{path}:1:1: version: version is missing" in done.output


def test_check_tells_programs_too(tmp_path):
    path = tmp_path / "tariff.yaml"
    path.write_text("area: main\n")
    done = run("check", path, "--json")
    told = json.loads(done.output)
    assert (done.exit_code, told["ok"]) == (1, False)
    assert {(one["line"], one["path"]) for one in told["problems"]} >= {
        (1, "version"),
        (1, "plans"),
    }
    assert json.loads(run("check", ROLLING, "--json").output) == {"ok": True, "problems": []}
