"""What is published about the up-link says what the program does."""

import json
import re

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator, ValidationError

from gateway.commands.schema import schema
from gateway.contract import asyncapi, catalogue, examples, page, schemas, words
from gateway.contract.bodies import BODIES
from gateway.contract.parking import TOLD
from gateway.contract.rights import ASKED
from gateway.contract.wire import ORDERS
from gateway.health import Health, LaneHealth
from gateway.lane.reports import Mode, ModeKind
from gateway.store.figures import figures
from gateway.sync import downlink, ledger, messages, protocol, uplink
from gateway.sync.protocol import genesis
from tests.sync.contract_checks import DOCS, SCHEMAS, closed, exact, keeps, published
from tests.sync.scenario import Scene, at, records

STALE = "run `lanegate schema --write` and commit what it writes"
PAGE = (DOCS / "mqtt.md").read_text("utf-8")


# --- what is generated -------------------------------------------------------------------


def test_the_asyncapi_document_is_what_the_program_prints():
    printed = CliRunner().invoke(schema, ["--uplink"])
    assert printed.exit_code == 0
    assert printed.stdout == (DOCS / "asyncapi.yaml").read_text("utf-8"), STALE


@pytest.mark.parametrize("name", schemas.FILES)
def test_the_schema_of_each_message_is_what_the_program_writes(name):
    assert schemas.schema_text(name) == (SCHEMAS / f"{name}.json").read_text("utf-8"), STALE


def test_there_is_no_schema_beside_those_and_the_batch_is_the_example():
    files = {path.name for path in SCHEMAS.iterdir()}
    assert files == {f"{name}.json" for name in schemas.FILES} | {
        "rec.example.jsonl",
        "packed.dictionary.json",
    }
    dictionary = (SCHEMAS / "packed.dictionary.json").read_text("utf-8")
    assert dictionary == schemas.dictionary_text(), STALE
    whole = examples.PAYLOADS["rec"] + b"\n"
    assert (SCHEMAS / "rec.example.jsonl").read_bytes() == whole, STALE


def test_the_examples_and_tables_of_the_page_are_those_of_the_program():
    assert page.filled(PAGE) == PAGE, STALE


def test_the_page_shows_every_example_and_every_model_of_a_record():
    shown = set(re.findall(r"<!-- example ([\w-]+) -->", PAGE))
    every = {name for name, _, _ in examples.BODIES} | set(examples.PAYLOADS)
    assert shown == every - {"pass", "case-closed", "rec"}
    tables = set(re.findall(r"<!-- fields (\w+) -->", PAGE))
    assert tables >= {model.__name__ for model in BODIES.values()} | {"Hello", "Ack", "BatchHead"}


def test_a_part_that_is_none_is_told_by_its_name():
    with pytest.raises(page.UnknownPartError, match="'nonsense'"):
        page.filled("<!-- example nonsense -->\n<!-- end -->")
    with pytest.raises(page.UnknownPartError, match="'Nonsense'"):
        page.filled("<!-- fields Nonsense -->\n<!-- end -->")


def test_every_word_of_a_closed_list_of_the_page_is_one_of_the_program():
    told = set(re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", PAGE, re.MULTILINE))
    named = {word for row in told for word in re.findall(r"\w+", row)}
    for kind, field in (("PassBody", "reason"), ("PassBody", "ending")):
        known = schemas.definitions()[kind]["properties"][field]
        assert set(next(page.known_words(known))) <= named


# --- the AsyncAPI document ---------------------------------------------------------------


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load((DOCS / "asyncapi.yaml").read_text("utf-8"))


def at_pointer(document, ref):
    assert ref.startswith("#/")
    for part in ref[2:].split("/"):
        document = document[part]
    return document


def refs(tree):
    if isinstance(tree, dict):
        yield from (value for key, value in tree.items() if key == "$ref")
        for value in tree.values():
            yield from refs(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from refs(value)


def test_every_reference_of_the_document_leads_somewhere(document):
    assert document["asyncapi"] == "3.0.0"
    found = list(refs(document))
    assert len(found) > 50
    for ref in found:
        assert isinstance(at_pointer(document, ref), dict)


def test_every_message_has_a_topic_a_schema_and_an_example_that_keeps_to_it(document):
    definitions = {"components": {"schemas": document["components"]["schemas"]}}
    with_example = set()
    for name, message in document["components"]["messages"].items():
        payload = (
            at_pointer(document, message["payload"]["$ref"])
            if "$ref" in message["payload"]
            else message["payload"]
        )
        for example in message.get("examples", ()):
            Draft202012Validator(payload | definitions).validate(example["payload"])
            with_example.add(name)
    assert with_example == set(document["components"]["messages"]) - {
        "deflated",
        "packed",
        "picture",
    }


def test_channels_say_every_parameter_of_their_topic_and_every_operation_its_channels_messages(
    document,
):
    for channel in document["channels"].values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"])
        assert channel["address"].startswith(protocol.PREFIX + "/")
    used = set()
    for operation in document["operations"].values():
        channel = at_pointer(document, operation["channel"]["$ref"])
        sends = "/up/" in channel["address"]
        assert operation["action"] == ("send" if sends else "receive")
        refs_ = [one["$ref"] for one in operation["messages"]]
        assert [ref.rsplit("/", 1)[1] for ref in refs_] == list(channel["messages"])
        used |= {ref.rsplit("/", 1)[1] for ref in refs_}
    assert used == set(document["components"]["messages"])


def test_only_the_state_and_the_word_of_the_rights_are_retained_and_the_will_is_the_gateways(
    document,
):
    bindings = {
        operation["channel"]["$ref"].rsplit("/", 1)[1]: operation["bindings"]["mqtt"]
        for operation in document["operations"].values()
    }
    assert {name for name, mqtt in bindings.items() if mqtt["retain"]} == {"state", "rights"}
    assert {mqtt["qos"] for mqtt in bindings.values()} == {1}
    for server in document["servers"].values():
        will = server["bindings"]["mqtt"]["lastWill"]
        assert (will["qos"], will["retain"]) == (1, True)
        assert will["message"].encode() == uplink.OFFLINE
        assert will["topic"] == protocol.up("{gw}", "state")


# --- examples ----------------------------------------------------------------------------


def test_the_programs_own_decoders_take_the_examples_and_write_them_the_same():
    read = {"hello": messages.decode_hello, "ack": messages.decode_ack}
    for name in ("hello", "ack", *ORDERS):
        payload = examples.PAYLOADS[name]
        message = read.get(name, messages.decode_ctl)(payload)
        assert message is not None
        assert messages.encode(message) == payload
    assert set(ORDERS) < set(examples.PAYLOADS)


def test_every_example_keeps_to_its_schema():
    for name in ("hello", "ack"):
        keeps(name, examples.PAYLOADS[name])
    for name in ORDERS:
        keeps("ctl", examples.PAYLOADS[name])
    for name in ("online", "offline"):
        keeps("state", examples.PAYLOADS[name])
    for name in ASKED:
        keeps("ask", examples.PAYLOADS[f"ask-{name}"])
    for name in TOLD:
        keeps("parking", examples.PAYLOADS[f"tell-{name}"])
    keeps("rights", examples.PAYLOADS["manifest"])
    for name in ("rights-full", "rights-delta"):
        keeps("rights-set", examples.PAYLOADS[name])


def test_the_example_batch_is_taken_whole_by_the_receivers_rules():
    batch = messages.decode_batch(examples.PAYLOADS["rec"])
    start = genesis(batch.epoch)
    taken = ledger.judge_batch(batch, start, lambda seq: None if seq else start.chain)
    assert isinstance(taken, ledger.Accept)
    assert taken.poison is None
    assert len(taken.new) == len(examples.BODIES)
    assert {record.kind for record in taken.new} == set(BODIES)


def test_the_lines_of_the_example_batch_keep_to_their_schemas():
    head, *lines = examples.PAYLOADS["rec"].split(b"\n")
    keeps("head", head)
    for line in lines:
        keeps("record", line)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("pass", {"verdict": "perhaps"}),
        ("pass", {"arrived_at": "2026-11-22 04:00"}),
        ("pass", {"plate": {"text": "京A12345"}}),
        ("raise", {"pass_id": ""}),
        ("case", {"evidence": None}),
        ("ledger", {"lanes": {"entry-1": {}}}),
        ("loss", {"records": 0}),
    ],
)
def test_a_body_that_is_wrong_does_not_pass(name, change):
    kind, body = next((kind, body) for example, kind, body in examples.BODIES if example == name)
    line = json.loads(examples.PAYLOADS["rec"].split(b"\n")[1])
    published("record").validate(line | {"kind": kind, "body": body})
    with pytest.raises(ValidationError):
        published("record").validate(line | {"kind": kind, "body": body | change})
    for field in set(body) - {"candidates", "sessions", "money"}:
        less = {key: value for key, value in body.items() if key != field}
        with pytest.raises(ValidationError):
            published("record").validate(line | {"kind": kind, "body": less})


# --- the program itself ------------------------------------------------------------------


def test_every_kind_of_record_that_the_store_writes_keeps_to_its_schema():
    written = records()
    assert {record["kind"] for record in written} == set(BODIES)
    for record in written:
        keeps("record", json.dumps(record))


def test_every_call_that_appends_a_record_names_a_kind_of_the_contract():
    store = DOCS.parent / "gateway"
    calls = [
        call
        for path in store.rglob("*.py")
        for call in re.findall(r"outbox\.append\(\s*\w+,\s*([^,]+),", path.read_text("utf-8"))
    ]
    assert {call.strip('"') for call in calls} | {protocol.TOMBSTONE} == set(BODIES)


def test_the_state_of_a_box_in_trouble_and_at_rest_keeps_to_its_schema(tmp_path):
    health = Health(lanes={"entry-1": LaneHealth("entry"), "exit-1": LaneHealth("exit")})
    health.cloud = "lost"
    health.clock_is("the clock is set by nobody")
    health.device_is("exit-1", "signs", "no answer; look at its cable")
    health.device_is("exit-1", "scanner", "no answer; look at its cable")
    health.figures_are(figures(Scene().play().db, tmp_path / "lanegate.db", 2**31))
    health.certificate_is({"days_left": -1, "until": "2026-11-21T00:00:00.000Z"})
    health.lanes["exit-1"].mode = Mode(ModeKind.HOLD_OPEN, at(0), "guard", "convoy", at(60))
    health.lanes["entry-1"].mode = Mode(ModeKind.FIRE, at(0), "fire contact", "fire")
    state = {"inst": examples.INST, **health.as_state(), "online": True}
    keeps("state", json.dumps(state))
    keeps("state", uplink.OFFLINE)


def test_the_exact_check_finds_a_field_and_a_word_that_are_not_published():
    state = json.loads(examples.PAYLOADS["online"])
    published("state").validate(state | {"weather": "fine"})
    with pytest.raises(ValidationError):
        exact("state").validate(state | {"weather": "fine"})
    with pytest.raises(ValidationError):
        exact("state").validate(state | {"modes": ["FINE"]})
    assert closed({words.KNOWN: ["a"]})["enum"] == ["a"]


def test_the_catalogue_has_every_topic_that_the_program_speaks_on():
    topics = {channel.topic.format(gw="north", sha256="ab" * 32) for channel in catalogue.CHANNELS}
    leaves = {protocol.split_topic(topic)[1] for topic in topics}
    assert leaves == {
        *("hello", "rec", "state", "ask", "snap/" + "ab" * 32),
        *("ack", "ctl", *downlink.LEAVES),
    }
    assert asyncapi.document()["channels"].keys() == {c.name for c in catalogue.CHANNELS}
