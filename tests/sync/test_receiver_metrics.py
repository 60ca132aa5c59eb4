"""A receiver's figures, as Prometheus and a load balancer read them."""

import re
import urllib.error
import urllib.request

import pytest

from gateway.store.database import StoreError
from gateway.sync.cloud.figures import Figures, exposition
from gateway.sync.cloud.metrics import serving
from tests.sync.paper import PaperGateway, PaperReceiver, heal

LINE = re.compile(r'[a-z_]+(\{gateway="[^"]*"\})? -?[0-9.e+-]+')


def fetched(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def values(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in lines)
    return {name: float(value) for name, _, value in (line.partition(" ") for line in lines)}


def test_what_a_receiver_stored_can_be_read_over_http():
    gateway, receiver = PaperGateway(), PaperReceiver()
    for _ in range(3):
        gateway.commit()
    gateway.now += 7.0
    heal(gateway, receiver)
    receiver.hear("lanegate/1/north/up/rec", b"no batch")
    with serving(("127.0.0.1", 0), receiver.figures) as port:
        status, text = fetched(port, "/metrics")
    found = {name.removeprefix("lanegate_receiver_"): value for name, value in values(text).items()}
    assert status == 200
    assert (found["records_total"], found["passes_total"], found["batches_total"]) == (3, 3, 1)
    assert found["malformed_total"] == 1
    assert found["commit_seconds_count"] >= 2
    assert found["lag_seconds_max"] == found['gateway_lag_seconds{gateway="north"}'] == 7.0


def test_records_that_come_again_are_counted_as_duplicates():
    gateway, receiver = PaperGateway(), PaperReceiver()
    gateway.commit()
    gateway.send()
    for _ in range(3):
        receiver.hear(*gateway.link.sent[-1])
    assert (receiver.figures.known, receiver.figures.records) == (2, 1)


def test_the_number_of_lines_is_bounded_however_many_gateways_there_are():
    figures = Figures()
    for number in range(5000):
        figures.lags[f'gate "{number}"\\'] = (100.0, float(number))
    text = exposition(figures, now=101.0)
    assert text.count("{gateway=") == 10
    assert 'gateway="gate \\"4999\\"\\\\"} 4999' in text
    assert "lanegate_receiver_gateways 5000" in text
    assert "lanegate_receiver_gateways 0" in exposition(figures, now=1000.0)


def test_health_is_whether_the_receiver_listens():
    figures = Figures()
    with serving(("127.0.0.1", 0), figures) as port:
        assert fetched(port, "/healthz")[0] == 503
        figures.connected = True
        assert fetched(port, "/healthz") == (200, "ok\n")
        assert fetched(port, "/other")[0] == 404
        with (
            pytest.raises(StoreError, match="choose another address"),
            serving(("127.0.0.1", port), figures),
        ):
            pass
