"""`lanegate certificate` and what `lanegate check` says of it, as typed."""

import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509

from gateway.commands.certificate import certificate
from gateway.commands.check import check
from gateway.sync import certificates
from gateway.sync.authority import Authority, AuthorityError

CONFIG = """\
gateway: lot-7
data: data
cloud:
  host: mqtt.example.com
  port: 8883
  tls: {{ca: {0}/ca.crt, cert: {0}/box.crt, key: {0}/box.key}}
buses:
  line: {{driver: modbus_tcp, host: 192.0.2.7}}
lanes:
  - name: entry-1
    direction: entry
    barrier: {{driver: modbus_relay, bus: line, slave: 1, open_output: 1, close_output: 2,
      outputs: 8, quantum_ms: 100, timed_pulse_base: 512}}
    inputs: {{driver: modbus_inputs, bus: line, slave: 1, first_input: 0, inputs: 8,
      arming_loop: {{channel: 3, active: closed}}, closing_loop: {{channel: 4, active: open}}}}
"""


def run(*words, command=certificate):
    return CliRunner().invoke(command, [str(word) for word in words])


def done(*words):
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result


class Site:
    """A box's folder and an authority's, as two people have them."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "lanegate.yaml"
        self.file.write_text(CONFIG.format(folder))
        self.cert, self.key, self.csr = (
            folder / name for name in ("box.crt", "box.key", "lot-7.csr")
        )
        self.authority = folder / "authority"
        done("authority", "new", self.authority, "--name", "lot 7")
        (folder / "ca.crt").write_bytes((self.authority / "ca.crt").read_bytes())

    def signed(self, days: int = 100) -> Path:
        done("authority", "sign", self.authority, self.csr, "--days", days)
        return self.csr.with_suffix(".crt")

    def at_work(self, days: int = 100) -> None:
        done("request", self.file)
        done("install", self.signed(days), self.file)

    def sign_late(self, ago: int, days: int) -> Path:
        """A certificate that was made so many days ago."""
        made = datetime.now(UTC) - timedelta(days=ago)
        answer = Authority(self.authority).sign(self.csr.read_bytes(), made, days)
        path = self.csr.with_suffix(".crt")
        path.write_bytes(answer)
        return path

    def show(self):
        result = run("show", self.file, "--json")
        return result.exit_code, json.loads(result.stdout)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def works(site: Site) -> bool:
    """Whether OpenSSL takes the pair."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_cert_chain(site.cert, site.key)
    except (ssl.SSLError, OSError):
        return False
    return True


def test_from_the_request_to_the_certificate_in_its_place(site):
    asked = done("request", site.file)
    assert "it stays on this box" in asked.stdout
    assert site.key.stat().st_mode & 0o777 == 0o600
    request = x509.load_pem_x509_csr(site.csr.read_bytes())
    assert certificates.common_name(request.subject) == "lot-7"
    assert b"PRIVATE" not in site.csr.read_bytes()
    done("install", site.signed(), site.file)
    assert works(site)
    code, told = site.show()
    assert code == 0
    assert (told["name"], told["days_left"], told["wrong"]) == ("lot-7", 100, [])
    assert "lot 7" in told["issuer"]
    assert "days left" in done("show", site.file).stdout


def test_a_renewal_keeps_the_key_and_puts_the_old_certificate_aside(site):
    site.at_work()
    key, first = site.key.read_bytes(), site.cert.read_bytes()
    site.at_work(days=200)
    assert site.key.read_bytes() == key
    assert site.show()[1]["days_left"] == 200
    assert site.cert.with_name("box.crt.old").read_bytes() == first


def test_a_new_key_waits_beside_the_old_one_for_its_certificate(site):
    site.at_work()
    key = site.key.read_bytes()
    done("request", site.file, "--new-key")
    assert site.key.read_bytes() == key
    assert works(site)
    done("install", site.signed(), site.file)
    assert site.key.read_bytes() != key
    assert works(site)
    old = site.key.with_name("box.key.old")
    assert old.read_bytes() == key
    assert old.stat().st_mode & 0o777 == 0o600
    assert not site.key.with_name("box.key.new").exists()


def refused(site: Site, cert: Path) -> str:
    before = site.cert.read_bytes()
    result = run("install", cert, site.file)
    assert result.exit_code == 1
    assert site.cert.read_bytes() == before
    return result.stderr


def test_what_is_not_this_boxs_is_not_put_in(site, tmp_path):
    site.at_work()
    authority = Authority(site.authority)

    def file(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    _, other = authority.issue("south", datetime.now(UTC))
    words = refused(site, file("a", other))
    assert "'south'" in words
    assert "'lot-7'" in words
    _, foreign = authority.issue("lot-7", datetime.now(UTC))
    assert "made for another request" in refused(site, file("b", foreign))
    _, server = authority.issue("lot-7", datetime.now(UTC), hosts=("lot-7",))
    assert "for servers only" in refused(site, file("c", server))
    assert "only a part of one" in refused(site, file("d", site.cert.read_bytes()[:200]))
    assert "has expired on" in refused(site, site.sign_late(ago=10, days=5))
    assert "No such file" in refused(site, tmp_path / "none")
    chained = site.signed().read_bytes() + other
    assert "put the box's own first" in refused(site, file("e", chained))


def test_an_expired_certificate_is_shown_with_its_dates_and_ends_with_1(site):
    site.at_work()
    site.cert.write_bytes(site.sign_late(ago=10, days=5).read_bytes())
    code, told = site.show()
    assert code == 1
    assert told["days_left"] == -5
    assert "has expired on" in told["wrong"][0]
    assert "wrong: " in run("show", site.file).stderr


def test_where_there_is_no_certificate_yet_that_is_said(site):
    code, told = site.show()
    assert code == 1
    assert any("lanegate certificate request" in words for words in told["wrong"])


def test_a_configuration_without_places_for_them_is_a_sentence(tmp_path, site):
    text = site.file.read_text().replace(f", cert: {tmp_path}/box.crt, key: {tmp_path}/box.key", "")
    site.file.write_text(text)
    result = run("request", site.file)
    assert result.exit_code == 1
    assert "set `cert` and `key` under" in result.stderr
    site.file.write_text(text.replace("ca.crt", "ca.crt, cert: c, key: 'credential:k'"))
    assert "handed over by systemd" in run("show", site.file).stderr


# --- lanegate check ----------------------------------------------------------------------


def checked(site: Site) -> tuple[int, str]:
    result = run(site.file, command=check)
    return result.exit_code, result.stderr


def test_check_finds_nothing_wrong_with_a_box_at_work(site):
    site.at_work()
    assert checked(site) == (0, "")


def test_check_tells_of_a_name_that_differs_with_both_and_the_place(site):
    site.at_work()
    site.file.write_text(site.file.read_text().replace("gateway: lot-7", "gateway: lot-8"))
    code, words = checked(site)
    assert code == 1
    assert f"{site.file}:6:" in words
    assert "cloud.tls.cert" in words
    assert "'lot-7'" in words
    assert "'lot-8'" in words


def test_check_tells_of_every_fault_of_the_files(site):
    site.at_work()
    site.key.chmod(0o644)
    assert f"chmod 600 {site.key}" in checked(site)[1]
    site.key.write_bytes(b"")
    assert "is no private key" in checked(site)[1]
    site.key.unlink()
    assert "No such file" in checked(site)[1]
    done("request", site.file)
    assert "is not the key of" in checked(site)[1]
    ca = site.file.with_name("ca.crt")
    ca.write_text("nothing")
    assert f"{ca}: no certificate in PEM" in checked(site)[1]


# --- the authority -----------------------------------------------------------------------


def test_an_authority_is_never_made_over_another(site):
    again = run("authority", "new", site.authority)
    assert again.exit_code == 1
    assert "there is an authority already" in again.stderr


def test_a_broker_gets_its_names_and_a_receiver_none(site, tmp_path):
    done("authority", "issue", site.authority, "broker", "--host", "mqtt.example.com", "--host",
         "192.0.2.1", "--output", tmp_path)  # fmt: skip
    done("authority", "issue", site.authority, "lanegate-receiver", "--output", tmp_path)
    assert (tmp_path / "broker.key").stat().st_mode & 0o777 == 0o600
    broker = x509.load_pem_x509_certificate((tmp_path / "broker.crt").read_bytes())
    names = broker.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mqtt.example.com"]
    assert not certificates.described(broker).for_clients
    assert certificates.read(tmp_path / "lanegate-receiver.crt").for_clients


def test_the_receivers_name_is_not_given_to_a_box_nor_one_that_a_topic_does_not_take(site):
    from gateway.sync.keyfiles import key_bytes, new_key, request_for

    authority = Authority(site.authority)
    for name in ("lanegate-receiver", "+", "#", "a/b", "a b"):
        with pytest.raises(AuthorityError, match="can be no box's name"):
            authority.sign(request_for(key_bytes(new_key()), name), datetime.now(UTC))


def test_a_revoked_certificate_stays_on_the_list_whatever_comes_after(site):
    site.at_work()
    first = site.cert.read_bytes()
    site.at_work()
    done("authority", "revoke", site.authority, site.cert)
    site.cert.write_bytes(first)
    done("authority", "revoke", site.authority, site.cert)
    done("authority", "revoke", site.authority, site.cert)
    listed = x509.load_pem_x509_crl((site.authority / "ca.crl").read_bytes())
    assert len(list(listed)) == 2
    ca = x509.load_pem_x509_certificate((site.authority / "ca.crt").read_bytes())
    assert listed.is_signature_valid(ca.public_key())
    assert listed.next_update_utc == ca.not_valid_after_utc


def test_what_is_no_request_and_a_foreign_certificate_are_told(site, tmp_path):
    assert "no sound certificate request" in run(
        "authority", "sign", site.authority, site.file
    ).stderr  # fmt: skip
    Authority.new(tmp_path / "other", "other", datetime.now(UTC))
    site.at_work()
    gone = run("authority", "revoke", tmp_path / "other", site.cert)
    assert "not by this authority" in gone.stderr
    assert "an authority is made by" in run("authority", "sign", tmp_path, site.csr).stderr
