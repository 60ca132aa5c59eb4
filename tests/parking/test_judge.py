"""What a lane's runner is told about a vehicle: by rights, sessions, fees, and by the cloud."""

import asyncio
from datetime import timedelta

from gateway.lane.reports import Case
from gateway.lane.types import DecidedBy, Inputs, PlateColour, PlateType, Reason, Verdict
from gateway.rules.access import AccessList
from gateway.sync.telling import Answer, Correct, Funds, Pay, Said
from gateway.tickets import read_ticket
from tests.parking.parks import NOON, PaperCloud, let_out_by_hand, played, written

CAR, HOLDER = "京A12345", "京B88888"
CARD = {
    "id": "card-1",
    "version": 1,
    "kind": "month_card",
    "plates": [HOLDER],
    "valid": {"from": "2026-01-01", "to": "2026-03-04"},
}
ID = "ab" * 16


def said(word, **more):
    return Answer("", word, **more)


def verdict(visit):
    return visit.decision.verdict, visit.decision.reason


async def parked(rig, plate=CAR, hours=2):
    session_id = await rig.comes_in(plate)
    rig.later(hours=hours)
    return session_id


def payment(session_id, fen, at, told_id=ID):
    return Pay(told_id, session_id, "", fen, at, "wechat")


def test_a_visitor_comes_in_owes_a_fee_pays_it_and_leaves(tmp_path):
    async def story(rig):
        session_id = await parked(rig)
        refused = await rig.judged("out", CAR)
        await rig.park.told(payment(session_id, 1000, rig.now))
        rig.later(minutes=5)
        let_out = await rig.judged("out", CAR)
        await rig.passes("out", let_out)
        return session_id, refused, let_out, rig.changed, await rig.store.occupancy()

    session_id, refused, let_out, changed, inside = played(tmp_path, story)
    assert verdict(refused) == (Verdict.DENY, Reason.PAY)
    assert (refused.terms.session_id, refused.terms.due_fen) == (session_id, 1000)
    assert verdict(let_out) == (Verdict.ALLOW, Reason.PAID)
    assert session_id in changed[0].sessions
    assert inside == ()


def test_the_ticket_names_session_and_fee_and_is_signed_by_this_box(tmp_path):
    async def story(rig):
        await parked(rig)
        visit = await rig.judged("out", CAR)
        return visit.terms, rig.park.parts.key.public

    terms, public = played(tmp_path, story, pay_link="https://pay.example.com/p?t={ticket}")
    ticket = read_ticket(terms.ticket.removeprefix("https://pay.example.com/p?t="), public)
    assert (ticket.session_id, ticket.fee_fen, ticket.plate) == (terms.session_id, 1000, CAR)
    assert (ticket.gateway, ticket.area, ticket.entered_at) == ("north", "main", NOON)


def test_a_card_holder_is_told_how_many_days_are_left_and_pays_nothing(tmp_path):
    async def story(rig):
        comes = await rig.judged("in", HOLDER)
        await rig.passes("in", comes)
        rig.later(hours=3)
        return comes, await rig.judged("out", HOLDER)

    comes, leaves = played(tmp_path, story, CARD)
    assert verdict(comes) == verdict(leaves) == (Verdict.ALLOW, Reason.RIGHT)
    assert (comes.terms.right_id, leaves.terms.right_id) == ("card-1", "card-1")
    assert comes.terms.days_left == 2
    assert (leaves.terms.due_fen, leaves.terms.ticket) == (0, "")


def test_a_full_car_park_lets_in_only_who_has_a_right(tmp_path):
    async def story(rig):
        await rig.comes_in(CAR)
        return await rig.judged("in", "京C77777"), await rig.judged("in", HOLDER)

    visitor, holder = played(tmp_path, story, CARD, areas={"main": {"places": 2, "held": 1}})
    assert verdict(visitor) == (Verdict.DENY, Reason.FULL)
    assert verdict(holder) == (Verdict.ALLOW, Reason.RIGHT)


# --- the cloud ---------------------------------------------------------------------------


def who_pays_without_stopping(tmp_path, cloud, **policy):
    async def story(rig):
        session_id = await parked(rig)
        await rig.park.told(Funds(ID, CAR, 5000, locked=False, number=1))
        visit = await rig.judged("out", CAR)
        if visit.decision.verdict is Verdict.ALLOW:
            await rig.passes("out", visit)
        return session_id, visit, rig.store.path

    session_id, visit, path = played(tmp_path, story, cloud=cloud, policy=policy)
    return session_id, visit, path


def test_a_fee_that_was_deducted_is_paid_once_and_by_the_cloud(tmp_path):
    cloud = PaperCloud(said(Said.PAID))
    session_id, visit, _ = who_pays_without_stopping(tmp_path, cloud)
    ((question, wait_s),) = cloud.asked
    assert (question.session_id, question.fee_fen, wait_s) == (session_id, 1000, 0.8)
    assert verdict(visit) == (Verdict.ALLOW, Reason.DEDUCTED)
    assert (visit.decision.decided_by, visit.terms.due_fen) == (DecidedBy.CLOUD, 0)


def test_a_deduction_that_is_accepted_opens_and_is_owed_till_the_money_comes(tmp_path):
    _, visit, _ = who_pays_without_stopping(tmp_path, PaperCloud(said(Said.ACCEPTED)))
    assert verdict(visit) == (Verdict.ALLOW, Reason.DEDUCTED)
    assert visit.terms.due_fen == 1000


def test_a_deduction_that_is_refused_is_paid_at_the_lane(tmp_path):
    _, visit, _ = who_pays_without_stopping(tmp_path, PaperCloud(said(Said.REFUSED)))
    assert verdict(visit) == (Verdict.DENY, Reason.PAY)
    assert visit.terms.ticket


def test_a_cloud_that_does_not_answer_costs_the_driver_nothing_but_the_limit(tmp_path):
    _, visit, _ = who_pays_without_stopping(tmp_path, PaperCloud(None))
    assert verdict(visit) == (Verdict.DENY, Reason.PAY)


def test_within_the_limits_who_cannot_pay_without_the_cloud_owes(tmp_path):
    limits = {"owe_fen": 1000, "owe_all_fen": 1500}

    async def story(rig):
        await parked(rig)
        rig.cloud.online = False
        first = await rig.judged("out", CAR)
        await rig.passes("out", first)
        await parked(rig)
        return first, await rig.judged("out", CAR), rig.cloud.asked

    first, second, asked = played(tmp_path, story, policy=limits)
    assert verdict(first) == (Verdict.ALLOW, Reason.OWING)
    assert first.decision.decided_by is DecidedBy.EDGE_OFFLINE
    assert verdict(second) == (Verdict.DENY, Reason.PAY)
    assert asked == []


def test_a_deduction_that_is_answered_too_late_is_kept_as_a_payment_all_the_same(tmp_path):
    async def story(rig):
        session_id = await parked(rig)
        await rig.park.told(Funds(ID, CAR, 5000, locked=False, number=1))
        before = await rig.judged("out", CAR)
        ((question, _),) = rig.cloud.asked
        for _ in range(2):
            await rig.park.told(Answer(question.ask_id, Said.PAID))
        return session_id, before, await rig.judged("out", CAR), rig.cloud.asked

    _, before, after, asked = played(tmp_path, story)
    assert verdict(before) == (Verdict.DENY, Reason.PAY)
    assert verdict(after) == (Verdict.ALLOW, Reason.PAID)
    assert len(asked) == 1


ATTEST = {"attest": {"kind": "visitor_approval", "wait_ms": 300, "ttl_min": 30}}


def test_an_attestation_is_asked_for_once_and_then_known(tmp_path):
    async def story(rig):
        first = await rig.judged("in", CAR)
        rig.later(minutes=29)
        second = await rig.judged("in", CAR)
        asked = len(rig.cloud.asked)
        rig.later(minutes=2)
        await rig.judged("in", CAR)
        return first, second, asked, len(rig.cloud.asked)

    told = played(tmp_path, story, cloud=PaperCloud(said(Said.PASS)), policy=ATTEST)
    first, second, asked, later = told
    assert verdict(first) == verdict(second) == (Verdict.ALLOW, Reason.TEMPORARY)
    assert (asked, later) == (1, 2)


def test_an_attestation_with_an_end_of_its_own_is_asked_for_again_after_it(tmp_path):
    until = NOON + timedelta(minutes=5)

    async def story(rig):
        await rig.judged("in", CAR)
        rig.later(minutes=6)
        await rig.judged("in", CAR)
        return len(rig.cloud.asked)

    cloud = PaperCloud(said(Said.PASS, expires_at=until))
    assert played(tmp_path, story, cloud=cloud, policy=ATTEST) == 2


def test_who_is_not_attested_waits_and_nobody_answering_is_as_the_policy_says(tmp_path):
    async def story(rig):
        return await rig.judged("in", CAR)

    fails_open = {"attest": ATTEST["attest"] | {"fails": "allow"}}
    opened = played(tmp_path, story, cloud=PaperCloud(None), policy=fails_open)
    closed = played(tmp_path, story, cloud=PaperCloud(None), policy=ATTEST)
    denied = played(tmp_path, story, cloud=PaperCloud(said(Said.DENY)), policy=ATTEST)
    assert verdict(denied) == verdict(closed) == (Verdict.DENY, Reason.NOT_ATTESTED)
    assert verdict(opened) == (Verdict.ALLOW, Reason.TEMPORARY)


def test_a_misread_plate_at_the_exit_gives_a_case_with_the_stays_that_it_may_be(tmp_path):
    async def story(rig):
        session_id = await parked(rig, "京A12845")
        visit = await rig.judged("out", "京A12B45")
        case = Case("c" * 32, rig.now, "it waits", visit, Inputs())
        await rig.store.opened_case("out", case)
        return session_id, visit, await rig.store.open_cases("out")

    session_id, visit, (case,) = played(tmp_path, story)
    assert verdict(visit) == (Verdict.DENY, Reason.NO_ENTRY)
    assert (case["likely"], case["due_fen"]) == ([session_id], 0)


# --- trouble -----------------------------------------------------------------------------


def test_without_the_store_the_lists_on_this_box_decide_and_nothing_is_guessed(tmp_path):
    access = AccessList(frozenset({CAR}), frozenset({HOLDER}), Verdict.ALLOW)

    async def story(rig):
        await rig.store.close()
        plates = (CAR, HOLDER, "京C77777")
        return [verdict(await rig.judged("in", plate, access=access)) for plate in plates]

    assert played(tmp_path, story) == [
        (Verdict.ALLOW, Reason.ALLOW_LIST),
        (Verdict.DENY, Reason.BLOCK_LIST),
        (Verdict.DENY, Reason.UNDECIDED),
    ]


def test_who_is_let_out_by_hand_owes_what_was_due(tmp_path):
    async def story(rig):
        await parked(rig)
        refused = await rig.judged("out", CAR)
        await rig.passes("out", let_out_by_hand(refused))
        await rig.comes_in(CAR)
        return await rig.judged("in", CAR), await rig.store.occupancy()

    policy = {"debtors": "deny"}
    again, inside = played(tmp_path, story, policy={"let_out_free": False})
    assert verdict(again) == (Verdict.ALLOW, Reason.TEMPORARY)
    assert [one.inside for one in inside] == [1]

    async def debtor(rig):
        await parked(rig)
        refused = await rig.judged("out", CAR)
        await rig.passes("out", let_out_by_hand(refused))
        return await rig.judged("in", CAR)

    (tmp_path / "b").mkdir()
    assert verdict(played(tmp_path / "b", debtor, policy=policy)) == (Verdict.DENY, Reason.OWES)


def test_a_tariff_with_a_mistake_in_it_leaves_the_last_good_one(tmp_path):
    async def story(rig):
        file = tmp_path / "tariffs" / "main.yaml"
        file.write_text("area: main\n", "utf-8")
        trouble = rig.park.reload(rig.config, tmp_path / "lanegate.yaml")
        await parked(rig)
        return trouble, await rig.judged("out", CAR)

    trouble, visit = played(tmp_path, story)
    assert "tariffs refused; the last good ones go on" in trouble
    assert "main.yaml" in trouble
    assert visit.terms.due_fen == 1000


def test_a_box_that_starts_with_a_broken_tariff_goes_on_with_the_last_good_one(tmp_path):
    async def story(rig):
        return rig.park.tariffs

    good = played(tmp_path, story)
    broken = tmp_path / "tariffs" / "main.yaml"

    async def start():
        from gateway.config import load
        from gateway.parking import open_park
        from gateway.store import Store

        file = written(tmp_path)
        broken.write_text("area: main\n", "utf-8")
        config = load(file)
        store = Store.open(config.data / "lanegate.db", config.gateway)
        try:
            async with open_park(config, file, store, lambda: None) as (park, trouble):
                return park.tariffs, trouble
        finally:
            await store.close()

    tariffs, trouble = asyncio.run(start())
    assert tariffs == good
    assert "the last good ones go on" in trouble


def test_no_plate_but_a_ticket_is_judged_by_its_session(tmp_path):
    async def story(rig):
        comes = await rig.judged("in", "")
        comes = let_out_by_hand(comes)
        await rig.passes("in", comes)
        rig.later(hours=1)
        unknown = await rig.judged("out", "", code="no session")
        known = await rig.judged("out", "", code=comes.pass_id)
        return comes.pass_id, unknown, known

    session_id, unknown, known = played(tmp_path, story)
    assert verdict(unknown) == (Verdict.DENY, Reason.VISITOR_CODE)
    assert verdict(known) == (Verdict.DENY, Reason.PAY)
    assert (known.terms.session_id, known.terms.due_fen) == (session_id, 500)


def test_a_damaged_key_costs_the_tickets_and_opens_the_car_park_all_the_same(tmp_path):
    async def story(rig):
        await parked(rig)
        return (await rig.judged("out", CAR)).terms

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ticket.key").write_text("nonsense")
    terms = played(tmp_path, story, trouble="no tickets are signed")
    assert (terms.due_fen, terms.ticket) == (1000, "")


def test_a_ticket_beside_a_misread_plate_brings_its_own_rights_and_no_strangers(tmp_path):
    async def story(rig):
        session_id = await parked(rig, HOLDER)
        misread = await rig.judged("out", "京BB8888", code=session_id)
        stranger = await rig.judged("out", "京C77777", code=session_id)
        return session_id, misread, stranger

    session_id, misread, stranger = played(tmp_path, story, CARD)
    assert verdict(misread) == (Verdict.ALLOW, Reason.RIGHT)
    assert (misread.terms.session_id, misread.terms.right_id) == (session_id, "card-1")
    assert verdict(stranger) == (Verdict.DENY, Reason.NO_ENTRY)


def test_a_plate_that_is_put_right_brings_the_class_of_its_colour(tmp_path):
    async def story(rig):
        session_id = await parked(rig)
        green = PlateType.NEW_ENERGY, PlateColour.GREEN
        await rig.park.told(Correct(ID, session_id, "京AD12345", *green, "agent", "misread"))
        return [(one.vehicle, one.inside) for one in await rig.store.occupancy()]

    assert played(tmp_path, story) == [("new_energy", 1)]
