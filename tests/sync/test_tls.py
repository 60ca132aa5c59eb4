"""Each way in which TLS comes to nothing has its own words, and says who has to do what."""

import contextlib
import queue
import ssl
from pathlib import Path

import pytest

from gateway.ports import DeviceError
from gateway.sync.broker import Account, Connection, Over, Ready
from gateway.sync.credentials import Credentials
from gateway.sync.redial import Ending, MqttProtocol
from tests.sync.brokers import Mosquitto, RawBroker, SiteAuthority, tls_mosquitto, until
from tests.sync.mqtt_story import all_done, came_to, commit, gateway_story, receiving, settings_for

SOON_S = 20


@pytest.fixture
def site(tmp_path):
    return SiteAuthority(tmp_path)


@pytest.fixture
def stranger(tmp_path):
    """An authority that nobody here knows."""
    (tmp_path / "stranger").mkdir()
    return SiteAuthority(tmp_path / "stranger", "somebody else")


@pytest.fixture
def broker(tmp_path, site):
    broker = tls_mosquitto(tmp_path, site)
    broker.start()
    yield broker
    broker.kill()


def first_news(port: int, host: str = "127.0.0.1", kind=Credentials, **more):
    """What a connection says first: `Ready`, or why it came to nothing."""
    news: queue.Queue = queue.Queue()
    settings = settings_for(port, **more).model_copy(update={"host": host})
    account = Account("north", ("lanegate/1/north/dn/ack",))
    credentials = kind(settings.tls) if settings.tls else None
    connection = Connection(settings, account, MqttProtocol.V5, news.put, credentials=credentials)
    try:
        connection.open(SOON_S)
        return news.get(timeout=SOON_S)
    finally:
        connection.cut()


def told(over: Over) -> str:
    return f"{over.ending} ({over.detail})"


@contextlib.contextmanager
def broker_with(tmp_path: Path, cert: Path, key: Path):
    """A broker with this certificate, which asks its clients for none."""
    files = f"allow_anonymous true\ncertfile {cert}\nkeyfile {key}\n"
    broker = Mosquitto(tmp_path, files)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


# --- our certificate ---------------------------------------------------------------------


def test_a_box_with_its_own_certificate_is_taken(broker, site):
    assert first_news(broker.port, tls=site.client("north")) == Ready()


def test_why_the_broker_does_not_take_our_certificate_is_told_and_is_no_network_problem(
    broker, site, stranger
):
    revoked = site.client("gone")
    site.revoke(revoked["cert"])
    broker.restart()
    foreign = stranger.client("north") | {"ca": str(site.ca)}
    expected = {
        "asks for a certificate": {"ca": str(site.ca)},
        "does not know the authority": foreign,
        "has expired by the broker's clock": site.client("late", days=1, ago=2),
        "is not valid yet": site.client("early", days=5, ago=-2),
        "is revoked": revoked,
    }
    for words, tls in expected.items():
        over = first_news(broker.port, tls=tls)
        assert over.ending is Ending.CERTIFICATE_REFUSED, words
        assert words in told(over)


class OldFashioned(Credentials):
    """Speaks TLS 1.2 and no more, in which a refusal comes within the handshake."""

    def for_dialling(self):
        loaded = super().for_dialling()
        loaded.context.maximum_version = ssl.TLSVersion.TLSv1_2
        return loaded


def test_in_tls_1_2_a_refusal_is_told_as_well(broker, site):
    def news_of(tls):
        return first_news(broker.port, kind=OldFashioned, tls=tls)

    assert news_of(site.client("north")) == Ready()
    late = news_of(site.client("late", days=1, ago=2))
    assert late.ending is Ending.CERTIFICATE_REFUSED
    assert "has expired" in told(late)
    assert news_of({"ca": str(site.ca)}).ending is Ending.CERTIFICATE_REFUSED


# --- the broker's certificate ------------------------------------------------------------


def test_a_broker_whose_authority_we_do_not_know_is_not_believed(broker, site, stranger):
    over = first_news(broker.port, tls=site.client("north") | {"ca": str(stranger.ca)})
    assert over.ending is Ending.UNTRUSTED
    assert f"its authority is not in {stranger.ca}" in told(over)
    assert "captive portal" in told(over)


def test_a_broker_of_another_name_is_not_believed(tmp_path, site):
    cert, key = site.broker("mqtt.example.com")
    with broker_with(tmp_path, cert, key) as broker:
        for host in ("127.0.0.1", "localhost"):
            over = first_news(broker.port, host=host, tls={"ca": str(site.ca)})
            assert over.ending is Ending.UNTRUSTED
            assert f"not for the name {host}" in told(over)


@pytest.mark.parametrize(
    ("days", "ago", "words"),
    [(1, 2, "the broker needs a new certificate"), (5, -2, "which is before its time")],
)
def test_a_brokers_certificate_out_of_its_time_is_told_with_our_clock(
    tmp_path, site, days, ago, words
):
    cert, key = site.broker(days=days, ago=ago)
    with broker_with(tmp_path, cert, key) as broker:
        over = first_news(broker.port, tls={"ca": str(site.ca)})
    assert over.ending is Ending.UNTRUSTED
    assert words in told(over)
    assert "this box's clock says 20" in told(over)


def test_a_captive_portals_page_is_no_broker(site):
    def portal(client, _hello):
        client.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n")

    impostor = RawBroker(portal)
    try:
        over = first_news(impostor.port, tls=site.client("north"))
    finally:
        impostor.kill()
    assert over.ending is Ending.NOT_TLS
    assert "does not speak TLS on this port" in told(over)


def test_who_hangs_up_in_the_handshake_may_be_the_network(site):
    rude = RawBroker(lambda client, _hello: client.close())
    try:
        over = first_news(rude.port, tls=site.client("north"))
    finally:
        rude.kill()
    assert over.ending is Ending.UNREACHABLE
    assert "hung up in the midst of the TLS handshake" in told(over)


def test_a_plain_broker_on_a_tls_port_and_the_other_way_round_are_told(tmp_path, broker, site):
    plain = Mosquitto(tmp_path)
    plain.start()
    try:
        over = first_news(plain.port, tls=site.client("north"))
    finally:
        plain.kill()
    assert "does not speak TLS on this port" in told(over)
    assert "if the port speaks TLS, set `tls`" in told(first_news(broker.port))


def test_an_old_tls_is_not_spoken(site):
    """Nothing older than TLS 1.2 is offered, whatever the system's own rules allow."""
    loaded = Credentials(site_tls(site), "north").for_dialling()
    assert loaded.context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert loaded.context.check_hostname
    assert loaded.context.verify_mode is ssl.CERT_REQUIRED


def site_tls(site, name: str = "north"):
    return settings_for(1, tls=site.client(name)).tls


def test_a_certificate_of_another_box_is_not_even_shown(tmp_path, broker, site):
    async def story(store, uplink):
        await came_to(lambda: "'south'" in uplink.status().trouble, "it names whose it is")
        assert "gateway is 'north'" in uplink.status().trouble

    gateway_story(tmp_path, settings_for(broker.port, tls=site.client("south")), story)


# --- on the way --------------------------------------------------------------------------


def test_an_expired_box_keeps_storing_tries_seldom_and_catches_up_with_a_new_certificate(
    tmp_path, broker, site
):
    tls = site.client("north", days=1, ago=2)
    settings = settings_for(broker.port, tls=tls, reconnect_max_s=0.05)

    async def story(store, uplink):
        await commit(store, uplink, 3)
        words = "refused this box's certificate"
        await came_to(lambda: words in uplink.status().trouble, "it is refused")
        assert uplink._redial.wait_up_to_s == 1.0  # 20 times as long as after a loss
        await commit(store, uplink, 4)
        site.client("north")
        await all_done(store)

    with receiving(broker.port, tmp_path / "in.db", tls=site.client("lanegate-receiver")):
        gateway_story(tmp_path, settings, story)


def test_a_box_whose_certificate_is_revoked_is_cut_off_and_keeps_storing(tmp_path, broker, site):
    tls = site.client("north")
    settings = settings_for(broker.port, tls=tls, reconnect_max_s=0.5)

    async def story(store, uplink):
        await commit(store, uplink, 2)
        await all_done(store)
        site.revoke(tls["cert"])
        broker.restart()
        await came_to(lambda: "is revoked" in uplink.status().trouble, "it is told")
        assert uplink._redial.wait_up_to_s == 10.0
        assert not uplink.connected
        await commit(store, uplink, 5)
        assert (await store.meta()).unacked == 5

    with receiving(broker.port, tmp_path / "in.db", tls=site.client("lanegate-receiver")):
        gateway_story(tmp_path, settings, story)


def test_a_key_that_asks_for_a_pass_phrase_asks_nobody(tmp_path, site):
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    tls = site.client("north")
    key = load_pem_private_key(Path(tls["key"]).read_bytes(), password=None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    Path(tls["key"]).write_bytes(locked)
    with pytest.raises(DeviceError, match="without a pass phrase"):
        first_news(1, tls=tls)


def test_the_broker_may_use_any_name_of_its_certificate(tmp_path, site):
    cert, key = site.broker("127.0.0.1", "localhost")
    with broker_with(tmp_path, cert, key) as broker:
        until(lambda: first_news(broker.port, tls={"ca": str(site.ca)}) == Ready(), "by address")
        assert first_news(broker.port, host="localhost", tls={"ca": str(site.ca)}) == Ready()
