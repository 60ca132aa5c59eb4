"""F12: records that no cloud can read stand in nobody's way, and are not thrown away either."""

import pytest

from tests.faults import judge
from tests.faults.poison import BODIES, append
from tests.faults.site import Site, a_site


@pytest.mark.timeout(600)
@pytest.mark.parametrize("packed", [(), ("--packed",)], ids=["quick", "packed"])
def test_records_that_no_cloud_can_read_block_nothing_and_are_told(tmp_path, packed):
    with a_site(tmp_path) as site:
        site.up(20, *packed)
        for what, body in BODIES.items():
            append(site.box.db, body)
            site.box.goes_on(2)
            try:
                site.comes_to_rest()
            except AssertionError as error:
                raise AssertionError(f"{what}: {error}") from error
        append(site.box.db, '{"new":"form"}', schema=99)
        site.ends_well()
        stored_and_not_applied(site, '{"new":"form"}')
        in_quarantine_and_told(site)


def stored_and_not_applied(site: Site, body: str) -> None:
    sql = "select applied from record where body = ?"
    assert judge.rows(site.cloud.db, sql, body) == [(0,)]


def in_quarantine_and_told(site: Site) -> None:
    """What never left the box is in its quarantine only; the rest is in the cloud's as well."""
    buried = judge.rows(site.box.db, "select seq, code from quarantine order by seq")
    put_aside = judge.rows(site.cloud.db, "select distinct seq, code from quarantine")
    never_sent = {(seq, code) for seq, code in buried if code in {"too_long", "line_break"}}
    assert len(never_sent) == 4
    assert set(buried) - never_sent <= set(put_aside)
    assert judge.alarms(site.cloud.db)["record_refused"] == len(buried) > len(never_sent)
