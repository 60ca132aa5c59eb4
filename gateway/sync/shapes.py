"""The shapes of this product's own records: known to both ends, so that no batch need spell them.

Part of the packed form, and fixed for all time: another text here would be another form.
"""

_WHEN = b'"schema":\x03,"seq":\x03,"when":{"at":\x02,"boot":\x01,"clock":\x06,"mono_ms":\x03}}\n'
_HEAD = (
    b'{"count":\x03,"epoch":\x01,"first_seq":\x03,"inst":\x01,"last_chain":\x01,"prev_chain":\x01,'
    b'"sent":{"at":\x02,"boot":\x01,"clock":\x06,"mono_ms":\x03}}\n'
)
_ALARM = (
    b'{"body":{"alarm_id":\x01,"code":\x06,"detail":\x06,"lane":\x06,"raised_at":\x02},"kind":\x06,'
) + _WHEN
_RAISE = (
    b'{"body":{"at":\x02,"cause":\x06,"evidence":[],"lane":\x06,"pass_id":\x01,"raise_id":\x01,'
    b'"reason":\x06},"kind":\x06,'
) + _WHEN
_ONE = b'{"frames":\x03,"min_char":\x04,"text":\x06}'
_PLATE = (
    b'"evidence":[\x01],"lane":\x06,"pass_id":\x01,"phase":\x06,"plate":{"colour":\x06,'
    b'"confidence":\x04,"min_char":\x04,"text":\x06,"type":\x06},"reason":\x06,"verdict":\x06},'
    b'"kind":\x06,'
) + _WHEN


def _pass(candidates: int, *, ended: bool) -> bytes:
    end = b'"ended_at":\x02,"ending":\x06,' if ended else b'"ended_at":null,"ending":null,'
    listed = b",".join([_ONE] * candidates)
    begin = b'{"body":{"arrived_at":\x02,"candidates":[' + listed + b'],"decided_at":\x02,'
    return begin + b'"direction":\x06,' + end + _PLATE


_PASSES = b"".join(_pass(count, ended=ended) for count in (3, 2, 1) for ended in (False, True))
_WORDS = (
    "京津沪粤".encode() + b"unknown\nexit\nlane-1\ndeny\nunknown_plate\nleft\nturned_back\nmanual\n"
    b"fire\nhold\nraise\nalarm\npass\nok\nentry\ndecided\nended\nblue\ncivil\ngreen\nnew_energy\n"
    b"allow\nallow_list\npassed\n"
)
DICTIONARY = _WORDS + _ALARM + _RAISE + _PASSES + _HEAD
