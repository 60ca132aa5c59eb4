"""Chinese. A line has at most 16 bytes in GBK, eight signs: two turns of a small sign."""

from gateway.lane.types import Reason
from gateway.texts.notice import NoticeKind, Outcome, Phrase

PHRASES = {
    NoticeKind.IDLE_ENTRY: Phrase(("欢迎光临", "一车一杆", "减速慢行")),
    NoticeKind.IDLE_EXIT: Phrase(("一路平安", "一车一杆", "减速慢行")),
    NoticeKind.WAIT: Phrase(("正在识别", "请稍候")),
    NoticeKind.PLATE_READ: Phrase(("{plate}", "正在核验")),
    NoticeKind.WELCOME: Phrase(
        ("{plate}", "{outcome}", "欢迎光临", "请入场停车"), "{plate}，{outcome}，欢迎光临"
    ),
    NoticeKind.GOODBYE: Phrase(
        ("{plate}", "{outcome}", "一路平安", "欢迎再来"), "{plate}，{outcome}，一路平安"
    ),
    NoticeKind.DAYS_LEFT: Phrase(
        ("{plate}", "月卡剩{days}天", "欢迎光临"), "{plate}，月卡还剩{days}天，请及时续费"
    ),
    NoticeKind.FEE_DUE: Phrase(
        ("{plate}", "请付{money}", "请扫码付款"), "{plate}，请付停车费{money}"
    ),
    NoticeKind.PAY_HERE: Phrase(
        ("请付{money}", "请在此扫码付款", "付款后抬杆"), "请付停车费{money}，请在此扫码付款"
    ),
    NoticeKind.REFUSED: Phrase(("{plate}", "{reason}", "请稍候"), "{plate}，{reason}"),
    NoticeKind.NO_PLATE: Phrase(
        ("未识别到车牌", "请扫码或求助"), "未识别到车牌，请扫码，或向管理员求助"
    ),
    NoticeKind.AGENT_CALLED: Phrase(("已呼叫管理员", "请稍候"), "已呼叫管理员，请稍候"),
    NoticeKind.SECOND_CAR: Phrase(("后车请稍候", "一车一杆", "请勿跟车"), "后车请稍候，请勿跟车"),
    NoticeKind.FIRE_ENTRY: Phrase(("火警", "禁止驶入"), "火警，请勿驶入"),
    NoticeKind.FIRE_EXIT: Phrase(("火警", "请迅速离开"), "火警，请迅速有序离开"),
    NoticeKind.HOLD_OPEN: Phrase(("道闸常开", "请有序通行")),
    NoticeKind.ATTENDED: Phrase(("人工值守", "请听从指挥")),
    NoticeKind.CLOSED: Phrase(("本通道已关闭", "请走其他通道")),
    NoticeKind.FAULT: Phrase(("道闸故障", "请稍候"), "道闸故障，请稍候"),
}

REASONS = {
    Reason.ALLOW_LIST: "允许通行",
    Reason.BLOCK_LIST: "禁止通行",
    Reason.UNKNOWN_PLATE: "未登记车辆",
    Reason.NO_PLATE: "未识别到车牌",
    Reason.UNDECIDED: "暂时无法核验",
    Reason.VISITOR_CODE: "访客码无效",
    Reason.LOCK_DOWN: "本通道已关闭",
    Reason.OPEN_BUTTON: "人工放行",
    Reason.AGENT: "人工放行",
    Reason.HOLD_OPEN: "道闸常开",
    Reason.MANUAL: "人工值守",
    Reason.FIRE: "火警",
    Reason.INPUTS_LOST: "检测器故障",
    Reason.UNPAID_FOLLOW: "请勿跟车",
    Reason.PRESENCE: "杆下有车",
    Reason.FREE_VEHICLE: "免费车辆",
    Reason.ALREADY_INSIDE: "车辆已在场内",
    Reason.NOT_ATTESTED: "未通过核验",
    Reason.RIGHT: "已授权车辆",
    Reason.FULL: "车位已满",
    Reason.OWES: "有欠费未付",
    Reason.TEMPORARY: "临时车辆",
    Reason.NO_ENTRY: "无入场记录",
    Reason.NO_TARIFF: "暂时无法计费",
    Reason.PAID: "已付款",
    Reason.CREDIT: "已优惠抵扣",
    Reason.FREE: "本次免费",
    Reason.DEDUCTED: "已自动扣费",
    Reason.OWING: "已挂账",
    Reason.PAY: "请先付款",
}

# What a vehicle that is let in or out is told besides: a good reason needs no word.
OUTCOMES = {
    Reason.TEMPORARY: Outcome("临时车辆"),
    Reason.PAID: Outcome("已付款"),
    Reason.CREDIT: Outcome("已优惠抵扣"),
    Reason.FREE: Outcome("本次免费"),
    Reason.FREE_VEHICLE: Outcome("免费车辆"),
    Reason.DEDUCTED: Outcome("已扣费{money}"),
    Reason.OWING: Outcome("已挂账{money}", "停车费{money}已挂账"),
}


def money_shown(fee_fen: int) -> str:
    yuan, fen = divmod(fee_fen, 100)
    return f"{yuan}.{fen:02}元"


def money_spoken(fee_fen: int) -> str:
    """As people say it: `12元5角`, not a decimal fraction."""
    yuan, rest = divmod(fee_fen, 100)
    jiao, fen = divmod(rest, 10)
    parts = ((yuan, "元"), (jiao, "角"), (fen, "分"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0元"
