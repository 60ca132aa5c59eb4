"""Digest and Basic, by the examples of RFC 7616 and RFC 7617."""

import time

import pytest

from drivers.login import Challenge, Login, challenges, without_password

RFC_NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
RFC_OWN = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
RFC_ASKED = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
    f'nonce="{RFC_NONCE}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_the_rfc_come_out_as_printed_there(algorithm, response):
    login = Login("Mufasa", "Circle of Life", lambda: RFC_OWN)
    assert login.asked([RFC_ASKED.format(algorithm=algorithm)])
    shown = login.header("GET", "/dir/index.html")
    assert f'response="{response}"' in shown
    assert "nc=00000001" in shown
    assert "qop=auth," in shown or shown.endswith("qop=auth")


def test_the_strongest_challenge_is_answered_and_each_answer_counts_on():
    login = Login("a", "b")
    login.asked([RFC_ASKED.format(algorithm="MD5"), RFC_ASKED.format(algorithm="SHA-256"), "Basic"])
    assert "algorithm=SHA-256" in login.header("GET", "/")
    assert "nc=00000002" in login.header("GET", "/")


def test_the_old_digest_without_qop_is_answered():
    login = Login("admin", "12345")
    assert login.asked(['Digest realm="IP Camera", nonce="abc", stale="FALSE"'])
    shown = login.header("DESCRIBE", "rtsp://h/x")
    assert 'response="' in shown
    assert "qop" not in shown
    assert "cnonce" not in shown


def test_basic_is_answered_where_nothing_better_is_asked_for():
    login = Login("Aladdin", "open sesame")
    assert login.asked(['Basic realm="WallyWorld"'])
    assert login.header("GET", "/") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def test_several_challenges_in_one_header_are_told_apart():
    found = challenges(['Basic realm="a, b", Digest realm="c\\"d", nonce=xyz, algorithm=md5-sess'])
    assert found[0] == Challenge("a, b")
    assert (found[1].realm, found[1].nonce, found[1].per_session) == ('c"d', "xyz", True)


def test_the_same_answer_is_not_given_twice_to_a_camera_that_refuses_it():
    login, asked = Login("a", "b"), [RFC_ASKED.format(algorithm="MD5")]
    assert login.asked(asked)
    login.header("GET", "/")
    assert not login.asked(asked)


def test_a_stale_nonce_or_one_after_a_success_is_answered_again():
    login, asked = Login("a", "b"), RFC_ASKED.format(algorithm="MD5")
    login.asked([asked])
    login.header("GET", "/")
    assert login.asked([asked + ", stale=true"])
    login.header("GET", "/")
    login.accepted()
    assert login.asked([asked])


@pytest.mark.parametrize(
    "header",
    ["", "Negotiate", 'Digest realm="x"', 'Digest nonce="x", algorithm=SHA-512', "Bearer x",
     'Digest nonce="x", qop="auth-int"'],
)  # fmt: skip
def test_what_cannot_be_answered_is_said_so(header):
    assert not Login("a", "b").asked([header])


def test_a_name_cannot_write_a_header_of_its_own():
    login = Login('a"b\\', "c")
    login.asked([RFC_ASKED.format(algorithm="MD5")])
    assert 'username="a\\"b\\\\"' in login.header("GET", "/")


def test_a_new_nonce_in_mid_session_is_no_refusal_also_where_it_is_not_called_stale():
    """As cameras that change it each minute do; only what follows can be a refusal."""
    login, asked = Login("a", "b"), [RFC_ASKED.format(algorithm="MD5")]
    login.asked(asked)
    login.header("GET", "/")
    login.accepted()
    login.header("GET", "/")
    assert login.asked(asked)
    login.header("GET", "/")
    assert not login.asked(asked)


def test_a_nonce_may_be_stale_once_but_not_for_ever():
    login, asked = Login("a", "b"), [RFC_ASKED.format(algorithm="MD5") + ", stale=true"]
    assert login.asked(asked)
    login.header("GET", "/")
    assert login.asked(asked)
    login.header("GET", "/")
    assert not login.asked(asked)


@pytest.mark.parametrize("filling", ["a", " ", 'a="', "a=", ",", '\\"', 'a="\\"'])
def test_a_challenge_of_64_kb_takes_no_time(filling):
    """While a pattern goes to and fro in it, the whole process stands still."""
    started = time.monotonic()
    challenges(["Digest " + filling * 60_000] * 20)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://10.0.0.1:554/user=admin&password=hunter2&channel=1&stream=0.sdp",
        "http://10.0.0.1/cgi-bin/snap.cgi?usr=admin&PWD=hunter2",
        "http://10.0.0.1/snap?passwd=hunter2;size=1",
    ],
)
def test_a_password_in_an_address_is_not_for_logs(url):
    shown = without_password(url)
    assert "hunter2" not in shown
    assert shown.startswith(url.partition("hunter2")[0])
    assert shown.endswith(url.partition("hunter2")[2])
