"""The YAML reader alone: what it takes, what it refuses, and where it says so."""

import time

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.config import yamlfile
from gateway.config.problems import Place
from gateway.config.yamlfile import MAX_BYTES, MAX_DEPTH

SAME_FOLDER = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)


def read(box, text):
    return yamlfile.read(box.write(text))


def told(box, text):
    return [str(one).replace(f"{box.folder}/", "") for one in read(box, text).problems]


def test_plain_scalars_stay_the_text_that_was_typed(box):
    document = read(
        box,
        """\
        time: 22:30
        switch: on
        octal: 010
        version: 1.10
        day: 2026-01-31
        quoted: '9600'
        block: |
          two
          lines
        """,
    )
    assert document.problems == []
    assert document.data == {
        "time": "22:30",
        "switch": "on",
        "octal": "010",
        "version": "1.10",
        "day": "2026-01-31",
        "quoted": "9600",
        "block": "two\nlines\n",
    }


@pytest.mark.parametrize("nothing", ["", "~", "null", "Null", "NULL"])
def test_nothing_is_none_but_in_quotes_it_is_text(box, nothing):
    assert read(box, f"a: {nothing}\nb: '{nothing}'\n").data == {"a": None, "b": nothing}


def test_every_value_and_key_has_its_place(box):
    document = read(box, "a:\n  b: [x, {c: y}]\n")
    places = {where: spot.place for where, spot in document.values.items()}
    keys = {where: spot.place for where, spot in document.keys.items()}
    file = str(box.file)
    assert places["a", "b", 1, "c"] == Place(file, 2, 14)
    assert places["a", "b"] == Place(file, 2, 6)
    assert keys["a", "b", 1, "c"] == Place(file, 2, 11)
    assert keys["a",] == Place(file, 1, 1)


def test_an_alias_bomb_is_told_and_never_grown(box):
    bomb = "a: &a [x, x]\n" + "".join(
        f"{here}: &{here} [{', '.join(f'*{before}' for _ in range(9))}]\n"
        for before, here in zip("abcdefghijkl", "bcdefghijklm", strict=True)
    )
    started = time.monotonic()
    document = read(box, bomb)
    assert time.monotonic() - started < 10
    assert document.whole
    assert document.data["m"] == [None] * 9
    anchors = [one for one in document.problems if "anchors" in one.what]
    aliases = [one for one in document.problems if "aliases" in one.what]
    assert (len(anchors), len(aliases)) == (13, 12 * 9)
    assert document.is_broken(("m", 0))
    assert not document.is_broken(("a", 0))


def test_a_key_given_twice_is_told_at_the_second_and_the_first_counts(box):
    document = read(box, "a: 1\nb: 2\na: {c: 3}\n")
    assert document.data == {"a": "1", "b": "2"}
    assert [str(one.place).rpartition("lanegate.yaml")[2] for one in document.problems] == [":3:1"]
    assert document.problems[0].what == "'a' is given twice"
    assert document.problems[0].fix == "line 1 has it too"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: !!python/name:os.system x\n", "lanegate.yaml:1:4: a: tags are not read"),
        ("a: ! x\n", "lanegate.yaml:1:4: a: tags are not read"),
        ("!!str a: x\n", "lanegate.yaml:1:1: a: tags are not read"),
        ("a: &here x\n", "lanegate.yaml:1:4: a: anchors are not read (&here); remove it"),
        ("<<: {b: 1}\n", "lanegate.yaml:1:1: <<: merge keys are not read (<<)"),
        ("? [a, [b]]\n: x\n", "lanegate.yaml:1:3: a key must be plain text"),
        ("~: x\n", "lanegate.yaml:1:1: '': a key must be plain text"),
        ("a: x\n---\nb: y\n", "lanegate.yaml:2:1: a second YAML document starts here"),
    ],
)
def test_what_yaml_can_and_this_reader_refuses(box, text, line):
    problems = told(box, text)
    assert len(problems) == 1
    assert problems[0].startswith(line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1, 2\nb: 3\n", "lanegate.yaml:2:2: a ',' or a closing bracket is missing"),
        ("a: b: c\n", "lanegate.yaml:1:5: a ':' stands where none may be"),
        ("a: 'x\nb: y\n", "lanegate.yaml:1:4: a quote is opened here and never closed"),
        ("a:\n  b: 1\n c: 2\n", "lanegate.yaml:3:2: this line is not lined up"),
        ("a: 1\nb\nc: 2\n", "lanegate.yaml:3:1: this is neither `key: value` nor"),
        ("a: @b\n", "lanegate.yaml:1:4: a value may not start with this character"),
        ("a: \x07\n", "lanegate.yaml:1:4: a control character stands here; delete it"),
        ("%YAML 7.0\n---\na: b\n", "lanegate.yaml:1:1: this is not YAML: "),
        ('a: "\\U99999999"\n', "lanegate.yaml:1:1: this file holds an escape"),
        (f"%YAML 1.{'9' * 5000}\n---\na: b\n", "lanegate.yaml:1:1: this file holds an escape"),
    ],
)
def test_what_is_no_yaml_is_told_in_words(box, text, line):
    document = read(box, text)
    assert document.data is None
    assert not document.whole
    problems = told(box, text)
    assert len(problems) == 1
    assert problems[0].startswith(line)


def test_half_a_character_is_refused(box):
    document = read(box, 'a: "\\ud800"\n')
    assert document.data == {"a": None}
    assert document.is_broken(("a",))
    assert told(box, 'a: "\\ud800"\n') == [
        "lanegate.yaml:1:4: a: an escape stands for half a character; write the text"
    ]


def test_every_tab_that_indents_is_told(box):
    lines = told(box, b"a:\n\tb: 1\n  \tc: 2\nd: x\ty\n")
    what = "a tab stands where YAML allows only spaces; replace it by spaces"
    assert sorted(lines) == [f"lanegate.yaml:2:1: {what}", f"lanegate.yaml:3:3: {what}"]


def test_levels_are_bounded(box):
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert read(box, deepest).problems == []
    assert told(box, f"[{deepest}]") == [
        "lanegate.yaml:1:21: " + ".".join("0" * 20) + ": more than 20 levels, one in another"
    ]


@pytest.mark.parametrize("text", ["[" * 200_000, "? " * 100_000, "- " * 100_000, "{a: " * 60_000])
def test_a_tower_of_levels_costs_nothing(box, text):
    started = time.monotonic()
    assert not read(box, text).whole
    assert time.monotonic() - started < 20


def test_size_is_bounded(box):
    fits = "a: " + "x" * (MAX_BYTES - 3)
    assert read(box, fits).problems == []
    assert told(box, fits + "x") == [
        "lanegate.yaml:1:1: this file is larger than 256 KiB; split the lanes into lanes.d/"
    ]


@pytest.mark.parametrize(
    ("raw", "place"), [(b"\xff\xfea\x00", "1:1"), (b"a: 1\nb: \xe4\xba\n", "2:4")]
)
def test_anything_but_utf_8_is_refused_with_its_place(box, raw, place):
    assert told(box, raw) == [
        f"lanegate.yaml:{place}: this is not UTF-8 text; save the file as plain text in UTF-8"
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_key(box):
    document = read(box, b"\xef\xbb\xbfa: 1\n")
    assert document.data == {"a": "1"}
    assert document.problems == []


@pytest.mark.parametrize("text", ["", "\n", "# nothing but words\n", "---\n"])
def test_an_empty_file_holds_nothing(box, text):
    document = read(box, text)
    assert document.whole
    assert document.data is None


def test_a_missing_file_and_a_folder_are_told(box):
    assert (
        yamlfile.read(box.folder / "no.yaml").problems[0].what.endswith("No such file or directory")
    )
    assert yamlfile.read(box.folder).problems[0].what.endswith("Is a directory")


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r\x85\u2028\u2029"))
documents = st.recursive(
    texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(texts.filter(lambda key: key != "<<"), inner, max_size=4)
    ),
    max_leaves=12,
)


@SAME_FOLDER
@given(document=documents)
def test_quoted_text_comes_back_as_it_was_written(box, document):
    text = yaml.safe_dump(document, default_style='"', allow_unicode=False, width=10**6)
    plain = text.replace('!!null "null"', "~")
    assert read(box, plain.encode()).data == document


@SAME_FOLDER
@given(
    raw=st.binary(max_size=200)
    | st.text(alphabet="ab:-[]{}&*!'\"|>#%@, \n\t?<~\\x0").map(str.encode)
)
def test_no_bytes_make_the_reader_raise(box, raw):
    document = read(box, raw)
    assert document.whole or document.problems
