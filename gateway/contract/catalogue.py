"""All messages: on which topic, from whom, what is in them."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.contract import state, wire
from gateway.contract.words import Model
from gateway.sync.protocol import down, up

GW = "{gw}"
JSON = "application/json"


class From(StrEnum):
    GATEWAY = "gateway"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic. All messages have QoS 1, and none expires; `retained`: the last one stays."""

    name: str
    topic: str
    sender: From
    about: str
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """`model`: of its JSON; None where the payload is no JSON object. `example`: its name."""

    name: str
    channel: Channel
    about: str
    model: type[Model] | None
    example: str = ""
    content_type: str = JSON


HELLO = Channel(
    "hello",
    up(GW, "hello"),
    From.GATEWAY,
    "Who the gateway is and how far its history goes; after each connect and after silence.",
)
REC = Channel("rec", up(GW, "rec"), From.GATEWAY, "Records, in batches, in one of three forms.")
SNAP = Channel("snap", up(GW, "snap/{sha256}"), From.GATEWAY, "A picture, at lowest priority.")
STATE = Channel(
    "state", up(GW, "state"), From.GATEWAY, "How the box is now; also its will.", retained=True
)
ACK = Channel("ack", down(GW, "ack"), From.CLOUD, "Everything up to here is durable in the cloud.")
CTL = Channel("ctl", down(GW, "ctl"), From.CLOUD, "Orders about records and pictures.")

CHANNELS = (HELLO, REC, SNAP, STATE, ACK, CTL)

MESSAGES = (
    Message("hello", HELLO, "Who it is, and how far its history goes.", wire.Hello, "hello"),
    Message(
        "plain",
        REC,
        "The first byte is `{`: a line with the head, then one line for each record.",
        None,
        "rec",
        "application/x-ndjson",
    ),
    Message(
        "deflated",
        REC,
        "The first byte is 0x78: the lines in zlib's form (RFC 1950).",
        None,
        content_type="application/zlib",
    ),
    Message(
        "packed",
        REC,
        "The first byte is `P`; only for a cloud whose `ack` says `packed`.",
        None,
        content_type="application/vnd.lanegate.packed",
    ),
    Message(
        "picture",
        SNAP,
        "A JPEG file; the topic ends with its SHA-256. Empty: it is gone.",
        None,
        content_type="image/jpeg",
    ),
    Message("online", STATE, "The box is connected.", state.Online, "online"),
    Message(
        "offline",
        STATE,
        "The box took leave, or its connection broke (the will).",
        state.Offline,
        "offline",
    ),
    Message("ack", ACK, "Everything up to here is durable in the cloud.", wire.Ack, "ack"),
    *(
        Message(name, CTL, (model.__doc__ or "").strip(), model, name)
        for name, model in wire.ORDERS.items()
    ),
)
