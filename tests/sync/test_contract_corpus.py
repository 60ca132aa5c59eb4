"""Records of every form that ever was, as they were written, read by the receiver of today."""

import json

import pytest

from gateway.sync import messages
from gateway.sync.protocol import (
    RECORD_SCHEMA,
    Batch,
    chain_over,
    digest,
    genesis,
    up,
)
from tests.sync.contract_checks import keeps, published
from tests.sync.paper import GW, PaperReceiver
from tests.sync.scenario import CORPUS, records

FILES = sorted(path.stem for path in CORPUS.glob("*.jsonl"))
EXPECTED = json.loads((CORPUS / "expected.json").read_text("utf-8"))
NEWEST = f"schema-{RECORD_SCHEMA}"
CHANGED = (
    "the body of a record changed: read `How this may change` in docs/mqtt.md, then put a new entry"
    " into tests/sync/corpus (`python -m tests.sync.scenario NAME`) beside the old ones"
)


def lines_of(name: str) -> tuple[bytes, ...]:
    return tuple((CORPUS / f"{name}.jsonl").read_bytes().splitlines())


def batch_of(name: str) -> Batch:
    lines, start = lines_of(name), genesis("e0" * 16)
    return Batch("e0" * 16, "10" * 8, start, lines, chain_over(start.chain, lines)[-1])


def received(name: str, form) -> PaperReceiver:
    receiver = PaperReceiver()
    receiver.hear(up(GW, "rec"), form(batch_of(name)))
    return receiver


def told(receiver: PaperReceiver) -> dict:
    """What the receiver made of it: the rows that an operator reads."""

    def ask(sql: str) -> list:
        return [list(row) for row in receiver.db.execute(sql)]

    return {
        "kinds": ask("select kind, count(*), sum(applied) from record group by kind order by kind"),
        "passes": ask(
            "select pass_id, plate, lane, direction, verdict, reason, arrived_at, decided_at,"
            " ended_at, ending from pass order by pass_id"
        ),
        "events": ask("select kind, pass_id, plate, was from event order by event_id"),
        "aside": ask("select seq, code from quarantine order by seq"),
    }


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "form", [messages.encode_batch, messages.deflate_batch, messages.pack_batch]
)
def test_old_records_are_received_as_they_were_meant(name, form):
    receiver = received(name, form)
    assert told(receiver) == EXPECTED[name]
    (topic, payload), *rest = receiver.link.sent
    assert (topic.rsplit("/", 1)[1], rest) == ("ack", [])
    assert json.loads(payload)["upto"] == len(lines_of(name))


@pytest.mark.parametrize("name", FILES)
def test_old_records_keep_to_the_schema_that_is_published_today(name):
    for line in lines_of(name):
        record = json.loads(line)
        published("record").validate(record)
        if name != "tomorrow":
            keeps("record", line)
            assert record["schema"] == int(name.split("-")[1])


def test_there_is_an_entry_for_every_form_that_a_record_may_have():
    forms = {name.split("-")[1] for name in FILES if name.startswith("schema-")}
    assert forms == {str(form) for form in range(1, RECORD_SCHEMA + 1)}
    assert set(EXPECTED) == set(FILES)


def test_a_tombstone_in_the_corpus_stands_for_the_line_that_it_names():
    last = lines_of(NEWEST)[-1]
    assert digest(last).hex() == json.loads(last)["body"]["digest"]


# --- what is written today ---------------------------------------------------------------


def paths(value, path="") -> set[tuple[str, str]]:
    """Every field with its JSON type; lists and lanes by what is in them."""
    match value:
        case dict():
            inner = [paths(one, f"{path}.{key}") for key, one in value.items()]
            return {(path, "object")}.union(*inner)
        case list():
            return {(path, "list")}.union(*[paths(one, f"{path}[]") for one in value])
        case bool():
            return {(path, "bool")}
        case int() | float():
            return {(path, "number")}
        case None:
            return {(path, "null")}
        case _:
            return {(path, "text")}


def fields_by_kind(written) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = {}
    for record in written:
        found.setdefault(record["kind"], set()).update(paths(record))
    return found


def newest_entry() -> str:
    """The last one of its form: `schema-2`, then `schema-2-b`, and so on."""
    return max(name for name in FILES if name == NEWEST or name.startswith(f"{NEWEST}-"))


def test_what_is_written_today_has_the_very_fields_of_the_newest_entry():
    recorded = [json.loads(line) for line in lines_of(newest_entry())]
    assert fields_by_kind(records()) == fields_by_kind(recorded), CHANGED


def test_a_field_more_or_less_or_of_another_type_is_seen():
    recorded = [json.loads(line) for line in lines_of(newest_entry())]
    known = fields_by_kind(recorded)
    for change in ({"axles": 2}, {"lane": 1}):
        other = [{**one, "body": one["body"] | change} for one in recorded]
        assert fields_by_kind(other) != known
    for one in recorded:
        for field in one["body"]:
            less = {key: value for key, value in one["body"].items() if key != field}
            assert paths({**one, "body": less}) != paths(one)
