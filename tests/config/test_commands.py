"""`lanegate check` and `lanegate schema`, as typed."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.commands.check import check
from gateway.commands.schema import schema

CONFIG = """\
gateway: lot-7
buses:
  line-1: {driver: modbus_tcp, host: 192.0.2.7}
lanes:
"""


def run(command, *words, **environment):
    return CliRunner().invoke(command, [str(word) for word in words], env=environment)


@pytest.fixture
def bad(box):
    return box.write(CONFIG)


def test_check_prints_each_problem_to_stderr_and_exits_with_1(bad):
    done = run(check, bad)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"{bad}:4:7: lanes: nothing stands where a list with '- ' before each item is expected;"
        " one entry for each lane; a file in lanes.d/ beside this one is one more\n"
    )


def test_check_tells_programs_in_json(bad):
    done = run(check, bad, "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, done.stderr, told["ok"]) == (1, "", False)
    assert [{**problem, "what": "", "fix": ""} for problem in told["problems"]] == [
        {"file": str(bad), "line": 4, "column": 7, "path": "lanes", "what": "", "fix": ""}
    ]


def test_check_of_a_missing_file_is_a_sentence_and_exits_with_1(tmp_path):
    done = run(check, tmp_path / "none.yaml")
    assert done.exit_code == 1
    assert "this file cannot be read: No such file or directory" in done.stderr


def test_check_takes_the_file_from_the_environment(bad):
    assert str(bad) in run(check, LANEGATE_CONFIG=str(bad)).stderr


def test_wrong_usage_exits_with_2(bad):
    assert run(check, bad, "--jsn").exit_code == 2
    assert run(schema, "--wrte").exit_code == 2


def test_the_example_is_right_and_summed_up_in_one_line():
    done = run(check, "config/lanegate.example.yaml")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("config/lanegate.example.yaml: ok; gateway ")
    assert len(done.stdout.splitlines()) == 1
    assert json.loads(run(check, "config/lanegate.example.yaml", "--json").stdout) == {
        "ok": True,
        "problems": [],
    }


def test_the_example_lane_file_is_right_beside_the_example(box):
    box.write(Path("config/lanegate.example.yaml").read_bytes())
    shutil.copytree("config/tariffs", box.file.parent / "tariffs")
    for lane in Path("config/lanes.d.example").glob("*.yaml"):
        box.write(lane.read_bytes(), f"lanes.d/{lane.name}")
    done = run(check, box.file)
    assert (done.exit_code, done.stderr) == (0, "")
