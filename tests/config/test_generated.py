"""What is generated from the models is committed as it is, and says what the models say."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.commands.schema import schema
from gateway.config.docs import docs_text, schema_text
from tests.config.box import TOYS

STALE = "run `lanegate schema --write` and commit what it writes"


@pytest.mark.parametrize(
    ("words", "file"), [([], "config/lanegate.schema.json"), (["--docs"], "docs/config.md")]
)
def test_the_committed_file_is_what_the_program_writes(words, file):
    printed = CliRunner().invoke(schema, words)
    assert printed.exit_code == 0
    assert printed.stdout == Path(file).read_text(encoding="utf-8"), STALE


class OneDriver:
    """A catalog with the whole drivers of the toys only, so without the broken ones."""

    def names(self, kind):
        return TOYS.names(kind)[-1:]

    def settings(self, kind, name):
        return TOYS.settings(kind, name)


@pytest.fixture(scope="module")
def described():
    return json.loads(schema_text(OneDriver()))


def test_every_reference_in_the_schema_leads_somewhere(described):
    text = json.dumps(described)
    wanted = {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert wanted
    assert wanted <= set(described["$defs"])


def test_lanes_are_not_needed_in_the_file_because_lanes_d_may_hold_them(described):
    assert described["required"] == ["gateway"]
    assert "minItems" not in described["properties"]["lanes"]


def test_a_device_needs_a_driver_or_a_profile(described):
    device = described["$defs"]["barrier"]
    assert device["anyOf"] == [{"required": ["driver"]}, {"required": ["profile"]}]
    assert device["properties"]["driver"] == {"enum": ["relay"]}
    assert device["allOf"][0]["then"] == {"$ref": "#/$defs/barrier.relay"}


def test_with_a_profile_no_other_setting_is_needed(described):
    driver = described["$defs"]["barrier.relay"]
    assert "required" not in driver
    assert driver["additionalProperties"] is False
    assert driver["properties"]["profile"]["pattern"] == "^barrier/"
    assert driver["if"] == {"not": {"required": ["profile"]}}
    assert driver["then"] == {"required": ["driver", "bus", "slave", "open_output"]}


def test_a_word_that_looks_like_a_number_may_be_written_as_one(described):
    assert described["$defs"]["MqttProtocol"]["enum"] == ["auto", "5", "3.1.1", 5]


def test_the_page_has_a_line_for_each_setting_with_its_unit_and_range():
    lines = docs_text(OneDriver()).splitlines()
    assert "| `slave` | Slave: Address of the board. | whole number 1 to 247 | needed |" in lines
    assert "### barrier relay" in lines
    assert "#### inputs board: closing_loop" in lines
    assert any(
        line.startswith("| `clear_s` |") and line.endswith("| number 0.2 to 30 seconds | `1.0` |")
        for line in lines
    )
