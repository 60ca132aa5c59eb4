"""docs/rights.md: every command on it, in its order, on one box."""

import hashlib
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from gateway.commands.rights import rights
from tests.system.box import a_lane

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rights.md").read_text("utf-8")
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^```yaml (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
STANDARD = "/var/lib/lanegate"
EXAMPLES = [
    (lines[0], lines[1:])
    for block in BLOCK.findall(PAGE)
    for lines in (part.splitlines() for part in block.split("$ lanegate rights ")[1:])
]


@pytest.fixture
def box(tmp_path, monkeypatch):
    (tmp_path / "config").symlink_to(ROOT / "config")
    for name, text in FILE.findall(PAGE):
        (tmp_path / name).write_text(text, "utf-8")
    document = {
        "gateway": "north",
        "data": str(tmp_path / "data"),
        "buses": {"line-1": {"driver": "modbus_tcp", "host": "127.0.0.1", "port": 9}},
        "lanes": [a_lane("lane-1", 1, None)],
        "parking": {"calendar": "config/rights/calendar-2026.yaml"},
    }
    path = tmp_path / "lanegate.yaml"
    path.write_text(yaml.safe_dump(document))
    monkeypatch.setenv("LANEGATE_CONFIG", str(path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(command, box):
    done = CliRunner().invoke(rights, command.split())
    assert "Traceback" not in done.output
    return done.output.replace(str(box / "data"), STANDARD).splitlines()


def test_the_handbook_shows_what_is_printed(box):
    assert EXAMPLES
    for command, output in EXAMPLES:
        assert printed(command, box) == output, command


def test_both_languages_of_the_handbook_have_examples():
    assert sum("--language en" in command for command, _ in EXAMPLES) >= 5
    assert sum("explain" in c and "--language en" not in c for c, _ in EXAMPLES) >= 5


def test_the_hash_of_the_handbook_is_that_of_the_line_below_it(box):
    (line,) = re.findall(r"^```json\n(.*?)\n```", PAGE, re.MULTILINE)
    digest = hashlib.sha256(line.encode()).hexdigest()
    assert printed("check one.jsonl", box)[0].endswith(digest)
