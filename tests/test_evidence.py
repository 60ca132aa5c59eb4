"""Pictures held until a record names them, then kept on disk."""

import asyncio
import hashlib

import pytest

from gateway.evidence import HELD, Evidence

ONE = "1" * 64


def test_a_picture_is_not_held_under_a_name_that_would_be_a_path(tmp_path):
    evidence = Evidence(tmp_path, 100)
    with pytest.raises(ValueError, match="SHA-256"):
        evidence.hold("../../secret", b"jpeg")
    asyncio.run(evidence.close())


def test_pictures_of_doubts_do_not_drive_out_those_of_plates_and_can_be_kept_too(tmp_path):
    async def story():
        evidence = Evidence(tmp_path, quota_mb=1)
        evidence.hold(ONE, b"sure")
        for number in range(HELD + 1):
            evidence.hold(f"{number:064x}", b"doubt", in_doubt=True)
        evidence.keep([ONE, f"{0:064x}", f"{HELD:064x}"])
        await evidence.close()

    asyncio.run(story())
    assert {path.stem for path in tmp_path.rglob("*.jpg")} == {ONE, f"{HELD:064x}"}


def test_evidence_is_kept_by_content_and_the_oldest_goes_when_the_quota_is_reached(tmp_path):
    async def story():
        evidence = Evidence(tmp_path, quota_mb=1)
        for number in range(30):
            jpeg = bytes([number]) * 100_000
            name = hashlib.sha256(jpeg).hexdigest()
            evidence.hold(name, jpeg)
            evidence.keep([name, "unknown"])
            await asyncio.sleep(0.005)
        await evidence.close()
        return evidence.path(name)

    newest = asyncio.run(story())
    kept = list(tmp_path.rglob("*.jpg"))
    assert newest in kept
    assert 5 <= len(kept) <= 10
