"""`lanegate receive`: what it is told, and what it says when that makes no sense."""

import pytest
from click.testing import CliRunner

from gateway.commands.receive import _settings, receive


def said(*words: str) -> str:
    done = CliRunner().invoke(receive, words)
    assert done.exit_code != 0
    return done.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--broker", "localhost"], "is no broker; write mqtt://host:1883"),
        (["--broker", "http://host"], "is no broker"),
        (["--broker", "mqtt://me:secret@host"], "use --password"),
        (["--broker", "mqtt://host:99999"], "--broker:"),
        (["--broker", "mqtt://host", "--ca", "ca.pem"], "--ca is for mqtts://"),
        (["--broker", "mqtts://host", "--cert", "c.pem"], "belong together"),
        (["--broker", "mqtt://me@host", "--password", "secret"], "names where it is kept"),
        (["--db", "received.db"], "no address of a database"),
        (["--db", "postgresql://me:secret@host/db"], "--db-password"),
        (["--ask-pictures", "cases"], "needs --pictures"),
        (["--metrics", "9464"], "write 127.0.0.1:9464"),
        (["--group", "a/b"], "a sign that a topic does not take"),
        (["--group", "a"], "a group of receivers works on one PostgreSQL"),
        (["--db", "sqlite:///proc/none/received.db"], "look at the folder"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(words, sentence):
    output = " ".join(said(*words).split())
    assert sentence in output
    assert "secret@" not in output


def test_a_brokers_address_says_who_connects_where():
    settings = _settings("mqtts://north%40gate@[::1]:8884", None, {"ca": "ca.pem", "cert": None})
    assert (settings.host, settings.port, settings.username) == ("::1", 8884, "north@gate")
    assert settings.tls is not None
    assert settings.tls.ca == "ca.pem"
    assert _settings("mqtts://host", None, {}).port == 8883
    plain = _settings("mqtt://host", None, {})
    assert (plain.port, plain.tls) == (1883, None)
