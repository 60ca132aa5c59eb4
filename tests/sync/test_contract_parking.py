"""What is published about parking says what the program takes and refuses."""

import json
import re

import pytest

from gateway.contract import examples
from gateway.contract.parking import TOLD
from gateway.contract.rights import ASKED
from gateway.rights import RightText, rights_of
from gateway.sync import rightswords, telling
from gateway.sync.fields import MalformedError
from gateway.sync.rightswords import Change, Edition, Part
from tests.sync.contract_checks import DOCS, published

PAGE = (DOCS / "mqtt.md").read_text("utf-8")
WRONG = [None, 0, -1, 1.5, 10**12, 10**20, "", "x", "2026-13-01T00:00:00Z", True, [], {}, [1]]
WRONG += ["a" * 201, "A" * 32, "2026-11-22T02:10:07", "京A 1", "a\nb"]
READ = {
    "parking": telling.decode,
    "rights": rightswords.decode_manifest,
    "rights-set": rightswords.decode_set,
}


def example(name: str) -> dict:
    return json.loads(examples.PAYLOADS[name])


def orders() -> dict[str, dict]:
    return {do: example(f"tell-{do}") for do in TOLD}


def test_every_order_of_the_page_is_one_of_the_programs():
    told = [telling.decode(examples.PAYLOADS[f"tell-{do}"]) for do in TOLD]
    assert {type(one) for one in told} == set(telling.Told.__args__)
    assert set(telling.READERS) == set(TOLD)


def changed(message: dict):
    """The message with one field gone, or with something else in it."""
    for name in message:
        yield name, {key: value for key, value in message.items() if key != name}
        for wrong in WRONG:
            yield f"{name}={wrong!r}"[:60], message | {name: wrong}


MORE = {
    "no vehicle": ("tell-pay", {"session_id": None}),
    "both": ("tell-pay", {"plate": "京a·12845"}),
    "null where it may be": ("tell-credit", {"session_id": None, "valid_until": None}),
    "an empty id": ("rights-delta", {"drop": [""]}),
    "a long id": ("rights-delta", {"drop": ["a" * 129]}),
    "an id": ("rights-delta", {"drop": ["a" * 128]}),
    "no session": ("tell-credit", {"plate": None}),
    "no figure": ("tell-credit", {"kind": "amount", "figure": None}),
    "too many percent": ("tell-credit", {"kind": "percent", "figure": 101}),
    "all percent": ("tell-credit", {"kind": "percent", "figure": 100}),
    "no until": ("tell-credit", {"kind": "until"}),
    "until": ("tell-credit", {"kind": "until", "until": "2026-11-22T12:00:00+08:00"}),
    "no class": ("tell-charge", {"kind": "class"}),
    "class": ("tell-charge", {"kind": "class", "vehicle": "large"}),
    "all": ("tell-credit", {"kind": "all", "figure": None}),
    "no credit": ("tell-charge", {"kind": None, "figure": None}),
    "minutes beyond a year": ("tell-credit", {"figure": 10**6}),
}


def cases():
    for do, order in orders().items():
        for what, message in changed(order):
            yield pytest.param("parking", message, id=f"{do}: {what}")
    for what, (name, more) in MORE.items():
        leaf = "parking" if name.startswith("tell-") else "rights-set"
        yield pytest.param(leaf, example(name) | more, id=what)
    for what, message in changed(example("manifest")):
        yield pytest.param("rights", message, id=f"manifest: {what}")
    for name in ("rights-full", "rights-delta"):
        for what, message in changed(example(name)):
            yield pytest.param("rights-set", message, id=f"{name}: {what}")


# What a schema cannot say, or says of a right, which is not the messages' own business.
BEYOND_SCHEMAS = re.compile(
    "'(ended|began)' |field 'plate' is not a plate|field 'into' is the same|is not a time: "
    "|not a printable text"
)


def complaint(leaf: str, message: dict) -> str:
    """Why the program refuses it; empty where it does not."""
    try:
        READ[leaf](json.dumps(message).encode())
    except MalformedError as error:
        return str(error)
    return ""


def test_the_program_takes_what_keeps_to_the_schema_and_nothing_else():
    refused = 0
    for case in cases():
        leaf, message = case.values
        why = complaint(leaf, message)
        refused += bool(why)
        same = published(leaf).is_valid(message) is not bool(why)
        assert same or BEYOND_SCHEMAS.search(why), (case.id, why)
    assert refused > 500


def test_what_is_refused_is_told_by_its_field():
    for order in orders().values():
        for name in order:
            less = {key: value for key, value in order.items() if key != name}
            why = complaint("parking", less)
            assert f"'{name}'" in why or (not why and name == "kind")


def test_a_later_programs_words_are_passed_over_by_program_and_schema():
    for leaf, word in (("parking", "do"), ("rights-set", "kind")):
        message = {word: "dance", "how": "well"}
        assert published(leaf).is_valid(message)
        assert READ[leaf](json.dumps(message).encode()) is None
    assert published("ask").is_valid({"ask": "the way"})
    assert set(ASKED) == {"rights", "deduct", "attest"}


def test_the_example_sets_are_taken_and_their_hashes_are_what_the_page_says(tmp_path):
    namespace: dict = {}
    code = re.search(
        r"```python\n(import hashlib\nimport json\n\n\ndef one_text.*?)```", PAGE, re.DOTALL
    )
    exec(code[1], namespace)  # noqa: S102 -- the page's own recipe
    full = rightswords.decode_set(examples.PAYLOADS["rights-full"])
    change = rightswords.decode_set(examples.PAYLOADS["rights-delta"])
    assert isinstance(full, Part)
    assert isinstance(change, Change)
    assert namespace["hash_of"](full.rights) == full.edition.digest
    assert rightswords.decode_manifest(examples.PAYLOADS["manifest"]) == full.edition
    assert change.since == full.edition.version
    after = [one for one in full.rights if one["id"] not in change.drop]
    after = [one for one in after if one["id"] not in {put["id"] for put in change.put}]
    assert namespace["hash_of"]([*after, *change.put]) == change.edition.digest
    for right in (*full.rights, *change.put):
        line = RightText.model_validate(right).line().encode()
        assert namespace["one_text"](right) == line


def test_a_right_that_is_written_loosely_has_the_one_text_of_the_page():
    loose = {
        "id": "r-1",
        "version": 1,
        "kind": "staff",
        "plates": ["京b·99999", "京A12345", "京A12345"],
        "valid": {"from": "2026-11-01", "to": "2026-11-30"},
        "windows": [{"from": "00:00", "to": "24:00", "weekdays": ["fri", "mon"]}],
        "areas": [],
        "spaces": None,
        "succession": False,
        "paid": True,
        "late_min": 0,
    }
    (right,) = rights_of([loose])
    assert right.line() == (
        '{"id":"r-1","kind":"staff","plates":["京A12345","京B99999"],'
        '"valid":{"from":"2026-11-01T00:00:00+08:00","to":"2026-12-01T00:00:00+08:00"},'
        '"version":1,"windows":[{"weekdays":["mon","fri"]}]}'
    )


def test_an_edition_is_told_by_its_hash_whatever_the_case_of_its_letters():
    manifest = example("manifest")
    upper = manifest | {"hash": manifest["hash"].upper()}
    found = rightswords.decode_manifest(json.dumps(upper).encode())
    assert found == Edition(manifest["version"], manifest["hash"])
