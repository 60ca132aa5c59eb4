"""All messages: on which topic, from whom, what is in them."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.contract import parking, rights, state, wire
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
ASK = Channel("ask", up(GW, "ask"), From.GATEWAY, "A question about parking.")
PARKING = Channel(
    "parking",
    down(GW, "parking"),
    From.CLOUD,
    "Orders about sessions, money and credits, each repeated until a record names its id; answers.",
)
RIGHTS = Channel(
    "rights",
    down(GW, "rights"),
    From.CLOUD,
    "Which set of rights the box should hold.",
    retained=True,
)
RIGHTS_SET = Channel(
    "rights-set", down(GW, "rights-set"), From.CLOUD, "A full set of rights, or a change of it."
)

CHANNELS = (HELLO, REC, SNAP, STATE, ASK, ACK, CTL, PARKING, RIGHTS, RIGHTS_SET)

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
    *(
        Message(f"ask-{name}", ASK, (model.__doc__ or "").strip(), model, f"ask-{name}")
        for name, model in rights.ASKED.items()
    ),
    *(
        Message(f"tell-{name}", PARKING, (model.__doc__ or "").strip(), model, f"tell-{name}")
        for name, model in parking.TOLD.items()
    ),
    Message("manifest", RIGHTS, "Which set it should hold.", rights.Manifest, "manifest"),
    Message("rights-full", RIGHTS_SET, "A part of the full set.", rights.RightsPart, "rights-full"),
    Message(
        "rights-delta", RIGHTS_SET, "What changed in the set.", rights.RightsDelta, "rights-delta"
    ),
)
