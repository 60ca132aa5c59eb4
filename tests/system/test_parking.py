"""A car park on the real daemon: rights from the cloud, a session, a fee, a payment, a ledger."""

import json
import secrets
from datetime import UTC, datetime

import paho.mqtt.publish as mqtt_publish
import pytest
import yaml

from gateway.rights import RightText
from gateway.rights.held import SetHash, digest_of
from tests.system.box import NEEDS_MOSQUITTO, Box, a_box, a_lane
from tests.system.test_daemon import NO_CARS, lanegate, state

VISITOR, HOLDER = "京A12345", "京B88888"
TARIFF = {
    "area": "main",
    "version": "test-1",
    "effective": "2026-01-01",
    "plans": [{"name": "all", "steps": [{"unit_min": 60, "price_fen": 500}]}],
}
CARD = {
    "id": "card-1",
    "version": 1,
    "kind": "month_card",
    "plates": [HOLDER],
    "valid": {"from": "2026-01-01", "to": "2999-01-01"},
}


def a_car_park(box: Box, **parking) -> Box:
    tariffs = box.folder / "tariffs"
    tariffs.mkdir()
    (tariffs / "main.yaml").write_text(yaml.safe_dump(TARIFF), "utf-8")
    camera = {"driver": "simulated", "twin": str(box.folder / "twin.sock"), "fps": 6}
    lanes = [
        a_lane("lane-1", 1, camera | {"lane": "lane-1"}),
        a_lane("lane-2", 2, camera | {"lane": "lane-2"}) | {"direction": "exit"},
    ]
    box.configure(lanes=lanes, parking={"areas": {"main": {"places": 5}}} | parking)
    box.start_twin()
    box.start_broker()
    box.start_receiver()
    box.start_daemon()
    return box


def tell(box: Box, leaf: str, what: dict, *, retain: bool = False) -> None:
    topic = f"lanegate/1/test-box/dn/{leaf}"
    payload = json.dumps(what, ensure_ascii=False).encode()
    mqtt_publish.single(topic, payload, qos=1, retain=retain, hostname="127.0.0.1", port=box.port)


def give_rights(box: Box, *rights: dict) -> None:
    texts = [RightText.model_validate(right) for right in rights]
    total = SetHash()
    for text in texts:
        total.add(digest_of(text.line()))
    edition = {"version": 7, "hash": total.text}
    tell(box, "rights", edition | {"count": len(rights)}, retain=True)
    whole = {"kind": "full", "part": 1, "parts": 1, "rights": list(rights)}
    tell(box, "rights-set", edition | whole)


def parked(box: Box) -> int:
    return int(state(box)["parking"]["areas"]["main"]["taken"])


def sessions(box: Box, plate: str) -> list[dict]:
    return [dict(row) for row in box.rows("select * from sessions") if row["plate"] == plate]


@NEEDS_MOSQUITTO
@pytest.mark.timeout(240)
def test_a_visitor_pays_what_is_due_a_card_holder_nothing_and_the_day_balances(tmp_path):
    with a_box(tmp_path, lanes=2, **NO_CARS) as box:
        a_car_park(box)
        box.wait_for(lambda: "parking" in state(box), "the car park's state")
        give_rights(box, CARD)
        box.wait_for(lambda: state(box)["parking"]["rights"]["version"] == 7, "the rights")
        with box.twin() as twin:
            for plate in (VISITOR, HOLDER):
                twin.send_car("lane-1", plate)
                box.wait_for(lambda p=plate: sessions(box, p), f"{plate} to be inside", 60)
            box.wait_for(lambda: parked(box) == 2, "two vehicles inside")
            shown = lanegate("status", str(box.config)).stdout
            assert "2 inside of 5, 3 free (2 car)" in shown
            assert "1 of version 7" in shown

            twin.send_car("lane-2", VISITOR)
            box.wait_for(lambda: state(box)["lanes"]["lane-2"]["state"] == "waiting", "the exit")
            (session,) = sessions(box, VISITOR)
            payment = {
                "do": "pay",
                "id": secrets.token_hex(16),
                "session_id": session["session_id"],
                "amount_fen": 500,
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "by": "wechat",
            }
            for _ in range(2):
                tell(box, "parking", payment)
            box.wait_for(lambda: sessions(box, VISITOR)[0]["closing"], "who paid to leave", 60)

            twin.send_car("lane-2", HOLDER)
            box.wait_for(lambda: sessions(box, HOLDER)[0]["closing"], "the card holder", 60)
        box.wait_for(lambda: parked(box) == 0, "nobody inside")
        box.wait_for(box.all_received, "the passes at the receiver")
        _what_became_of_it(box, payment["id"])


def _what_became_of_it(box: Box, payment_id: str) -> None:
    (visitor,), (holder,) = sessions(box, VISITOR), sessions(box, HOLDER)
    assert (visitor["total_fen"], visitor["paid_fen"], visitor["owed_fen"]) == (500, 500, 0)
    assert (holder["total_fen"], holder["right_id"]) == (0, "card-1")
    reasons = [row["reason"] for row in box.rows("select reason from passes order by arrived_at")]
    assert reasons == ["temporary", "right", "paid", "right"]
    (money,) = box.rows("select * from record where kind = 'money'", box.received)
    assert json.loads(money["body"])["money_id"] == payment_id
    told = json.loads(lanegate("ledger", str(box.config), "--json").stdout)
    assert told["balanced"]
    assert told["money"]["paid_fen"] == 500
