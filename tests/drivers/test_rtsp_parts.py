"""The parts of an RTSP session with what a hostile or a strange camera may send."""

import random
import socket
import struct
import time

import pytest

from drivers.camera._flow import Flow
from drivers.rtsp.packets import PATIENCE, InOrder, RtpPacket, parsed
from drivers.rtsp.pictures import LARGEST, Assembler
from drivers.rtsp.sdp import START, Track, video_track
from drivers.rtsp.wire import Answer, Packet, RtspError, Wire

KEY, DELTA, SPS, PPS = b"\x65key", b"\x41delta", b"\x67sps", b"\x68pps"


# --- packets -------------------------------------------------------------------------------


def rtp(payload: bytes, sequence: int = 0, *, marker: bool = True, at: int = 0, extra: bytes = b""):
    first = 0x80 | (0x10 if extra else 0)
    head = struct.pack(">BBHII", first, 96 | (0x80 if marker else 0), sequence, at, 7)
    return head + extra + payload


def test_a_packet_is_taken_apart_with_its_extension_and_without_its_padding():
    extension = b"\xbe\xde\x00\x01abcd"
    packet = parsed(rtp(KEY, 5, extra=extension, at=9))
    assert packet == RtpPacket(96, marker=True, sequence=5, timestamp=9, source=7, payload=KEY)
    padded = bytearray(rtp(KEY + b"\x00\x00\x03"))
    padded[0] |= 0x20
    assert parsed(bytes(padded)).payload == KEY


@pytest.mark.parametrize("data", [b"", b"\x80" * 11, b"\x00" * 40, b"\x9f" + b"\x00" * 30])
def test_what_is_no_packet_is_none(data):
    assert parsed(data) is None


def packet(sequence: int, payload: bytes = DELTA, *, marker: bool = True, at: int | None = None):
    at = sequence if at is None else at
    return RtpPacket(96, marker, sequence, at, 7, payload)


def numbers(packets, order: InOrder) -> list[int]:
    return [ready.sequence for one in packets for ready in order.add(one)]


def test_packets_that_overtake_each_other_come_out_in_order_also_over_the_turn():
    sent = [65534, 0, 65535, 2, 1, 3]
    assert numbers(map(packet, sent), InOrder()) == [65534, 65535, 0, 1, 2, 3]


def test_a_lost_packet_is_waited_for_but_not_for_ever():
    sent = [0, *range(2, 2 + PATIENCE + 1)]
    assert numbers(map(packet, sent), InOrder()) == sent


def test_a_sender_that_counts_anew_is_heard_again():
    sent = [5000, 5001, *range(100, 100 + 2 * PATIENCE)]
    assert numbers(map(packet, sent), InOrder())[-1] == sent[-1]


# --- pictures ------------------------------------------------------------------------------

H264 = Track("h264", 96, "rtsp://x/t", START + SPS + START + PPS)
H265 = Track("h265", 96, "rtsp://x/t")


def coded(packets, track: Track = H264) -> list[bytes]:
    assembler = Assembler(track)
    return [done.data for one in packets for done in assembler.add(one)]


def test_a_key_picture_gets_the_parameter_sets_that_the_description_had():
    assert coded([packet(0, KEY), packet(1)]) == [H264.parameter_sets + START + KEY, START + DELTA]


def test_sets_in_the_stream_go_before_those_of_the_description():
    own = b"\x67new"
    together = bytes([24]) + b"".join(
        len(unit).to_bytes(2, "big") + unit for unit in (own, PPS, KEY)
    )
    assert coded([packet(0, together)]) == [START + own + START + PPS + START + KEY]


def test_sets_that_come_as_a_picture_of_their_own_wait_for_the_next_one():
    alone = [packet(0, SPS, at=1), packet(1, PPS, at=1), packet(2, KEY, at=2)]
    assert coded(alone) == [START + SPS + START + PPS + START + KEY]


def test_a_picture_in_pieces_is_put_together():
    pieces = [b"\x7c\x85ab", b"\x7c\x05cd", b"\x7c\x45ef"]
    sent = [packet(n, piece, marker=n == 2, at=1) for n, piece in enumerate(pieces)]
    assert coded(sent) == [H264.parameter_sets + START + b"\x65abcdef"]


def test_pieces_of_h265_keep_their_two_bytes_of_head():
    pieces = [b"\x62\x01\x93ab", b"\x62\x01\x53cd"]
    sent = [packet(n, piece, marker=n == 1, at=1) for n, piece in enumerate(pieces)]
    assert coded(sent, H265) == [START + b"\x26\x01abcd"]


def test_a_loss_leaves_out_everything_up_to_the_next_key_picture():
    sent = [packet(0, KEY), packet(1), packet(3), packet(4), packet(5, KEY), packet(6)]
    assert [START + KEY in data for data in coded(sent)] == [True, False, True, False]


def test_nothing_is_shown_before_the_first_key_picture():
    assert len(coded([packet(0), packet(1), packet(2, KEY)])) == 1


def test_without_markers_the_next_time_stamp_ends_a_picture():
    sent = [packet(n, unit, marker=False, at=n) for n, unit in enumerate((KEY, DELTA, DELTA))]
    assert len(coded(sent)) == 2


def test_a_picture_without_an_end_is_dropped_before_it_fills_the_memory():
    assembler = Assembler(H264)
    piece = b"\x7c\x05" + b"x" * 60_000
    assembler.add(packet(0, b"\x7c\x85", marker=False, at=1))
    for number in range(1, 300):
        assembler.add(packet(number, piece, marker=False, at=1))
        assert assembler._size <= LARGEST
    assert assembler.add(packet(300, piece, at=1)) == []


@pytest.mark.parametrize("track", [H264, H265], ids=["h264", "h265"])
def test_random_packets_never_break_it(track):
    dice = random.Random(4)
    assembler, order = Assembler(track), InOrder()
    for _ in range(20_000):
        one = parsed(
            rtp(dice.randbytes(dice.randrange(40)), dice.randrange(40), at=dice.randrange(3))
        )
        for ready in order.add(one) if one is not None else ():
            assembler.add(ready)


# --- description ---------------------------------------------------------------------------

SDP = """v=0
o=- 0 0 IN IP4 10.0.0.1
a=control:*
m=audio 0 RTP/AVP 8
a=control:trackID=2
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z2Q=,aO4=;profile-level-id=64001F
a=control:trackID=1
"""


def test_the_video_track_is_found_with_its_address_and_its_parameter_sets():
    track = video_track(SDP.replace("\n", "\r\n"), "rtsp://10.0.0.1:554/a?b=1/")
    assert (track.coding, track.payload_type) == ("h264", 96)
    assert track.url == "rtsp://10.0.0.1:554/a?b=1/trackID=1"
    assert track.parameter_sets == START + b"\x67\x64" + START + b"\x68\xee"


def test_h265_and_whole_addresses_are_understood():
    text = SDP.replace("H264", "H265").replace("a=control:trackID=1", "a=control:rtsp://h/x")
    text = text.replace("sprop-parameter-sets=Z2Q=,aO4=", "sprop-vps=Z2Q=;sprop-sps=aO4=")
    track = video_track(text, "rtsp://10.0.0.1/a")
    assert (track.coding, track.url) == ("h265", "rtsp://h/x")
    assert track.parameter_sets.count(START) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no pictures"),
        ("v=0\nm=audio 0 RTP/AVP 8\n", "no pictures"),
        ("v=0\nm=video 0 RTP/AVP 26\na=rtpmap:26 JPEG/90000\n", "it sends JPEG: set the stream"),
        ("v=0\nm=video 0 RTP/AVP 96\n", "H.264 or H.265"),
    ],
)
def test_a_stream_without_usable_pictures_is_told(text, told):
    with pytest.raises(RtspError, match=told):
        video_track(text, "rtsp://h/")


@pytest.mark.parametrize("line", ["a=control:x" + " " * 60_000 + "y", "a=fmtp:96 " + "a" * 60_000])
def test_a_description_of_64_kb_takes_no_time(line):
    """While a pattern goes to and fro in it, the whole process stands still."""
    started = time.monotonic()
    video_track(f"m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n{line}\n", "rtsp://h/")
    assert time.monotonic() - started < 2


# --- the wire ------------------------------------------------------------------------------


def test_a_length_with_zeros_before_it_is_not_believed():
    """Nine of them would hide any length, and all of it would be waited for."""
    with pytest.raises(RtspError, match="too long"):
        things(b"RTSP/1.0 200 OK\r\nContent-Length: 000000000999999999\r\n\r\n", 1)


def things(data: bytes, count: int) -> list[Packet | Answer]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        wire = Wire(ours)
        return [wire.next(time.monotonic() + 1) for _ in range(count)]


def test_answers_and_pictures_are_told_apart():
    data = (
        b"$\x00\x00\x03abcRTSP/1.0 401 No\r\nWWW-Authenticate: Basic realm=a\r\n"
        b"WWW-Authenticate: Digest realm=b\r\nContent-Length: 2\r\n\r\nhi$\x01\x00\x00"
        b"OPTIONS rtsp://x RTSP/1.0\r\nCSeq: 1\r\n\r\n"
    )
    first, answer, last, request = things(data, 4)
    assert (first, last) == (Packet(0, b"abc"), Packet(1, b""))
    assert (answer.status, answer.body) == (401, b"hi")
    assert len(answer.many["www-authenticate"]) == 2
    assert request.status == 0


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\x01\x02\x03",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 5000,
    ],
)
def test_what_is_no_rtsp_is_refused(data):
    with pytest.raises(RtspError):
        things(data, 1)


def test_a_camera_that_says_half_a_thing_is_not_waited_for_long():
    with pytest.raises(TimeoutError):
        things(b"RTSP/1.0 200 OK\r\n", 1)


def test_random_bytes_never_break_the_wire():
    dice = random.Random(5)
    for _ in range(2000):
        wire = Wire(socket.socket())
        wire._unread += dice.choice([b"$", b"RTSP/1.0 ", b""]) + dice.randbytes(60) + b"\r\n\r\n"
        try:
            while wire.waiting() is not None:
                pass
        except RtspError:
            pass
        wire.socket.close()


# --- age -----------------------------------------------------------------------------------


def played(waits: list[float]) -> list[float]:
    """The age that each picture has at most, for the waits between them."""
    flow, at, ages = Flow(), 100.0, []
    for wait in waits:
        at += wait
        ages.append(at - flow.came(at, wait))
    return ages


def test_in_a_steady_stream_every_picture_but_the_first_is_new():
    assert played([0.5, *[0.067] * 20])[1:] == [0.0] * 20


def test_pictures_out_of_a_buffer_after_a_stall_are_known_to_be_old():
    ages = played([*[0.067] * 20, 1.4, *[0.001] * 20, 0.05, 0.067])
    assert min(ages[20:41]) > 1.3
    assert ages[41:] == [0.0, 0.0]


def test_the_pictures_that_a_server_has_in_store_are_not_new():
    assert played([0.3, *[0.0] * 30]) == [float("inf")] * 31


def test_one_picture_a_second_is_a_steady_stream_too():
    assert played([0.1, *[1.0] * 5])[1:] == [0.0] * 5


def test_another_rate_is_learnt_in_a_moment():
    assert played([*[0.067] * 30, *[1.0] * 6])[-1] == 0.0


def test_a_program_that_cannot_keep_up_knows_that_its_pictures_are_old():
    assert played([*[0.067] * 10, *[0.0] * 40])[-1] >= 0.0
    flow, at = Flow(), 0.0
    for _ in range(20):
        at += 0.067
        flow.came(at, 0.067)
    for _ in range(30):
        at += 0.1
        newest = flow.came(at, 0.0)
    assert at - newest == pytest.approx(3.0)
