"""The AsyncAPI 3.0 document of the up-link, from the gateway's side."""

import json
from typing import Any

import yaml

from gateway.contract.catalogue import CHANNELS, MESSAGES, Channel, From, Message
from gateway.contract.examples import PAYLOADS
from gateway.contract.schemas import definitions
from gateway.sync.link import SESSION_EXPIRY_S
from gateway.sync.protocol import RECORD_SCHEMA

Node = dict[str, Any]
REF = "#/components/schemas/{model}"
BINDING = "0.2.0"
QOS = 1
HEADING = (
    "# Written by `lanegate schema --write` from gateway/contract: change the models instead.\n"
)
ABOUT = """\
How a gateway brings its records to the cloud, each exactly once. docs/mqtt.md says what a cloud
has to do with them. Fields and words that are not here may come with a later program: a reader
passes over them. No message expires. MQTT 3.1.1 suffices; 5 is used where the broker has it.
"""
PARAMETERS: Node = {
    "gw": {
        "description": "The gateway's name: its MQTT client id, and its certificate's name.",
        "examples": ["north-gate"],
    },
    "sha256": {"description": "SHA-256 of the picture's bytes, in hex."},
}


def document() -> Node:
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": "application/json",
        "servers": {"plain": _server("mqtt", 1883), "encrypted": _server("mqtts", 8883)},
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": dict(map(_operation, CHANNELS)),
        "components": {
            "parameters": PARAMETERS,
            "messages": {message.name: _message(message) for message in MESSAGES},
            "schemas": definitions(REF),
        },
    }


def text() -> str:
    tree = yaml.dump(document(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)
    return HEADING + tree


class _Plain(yaml.SafeDumper):
    """Writes the same thing twice instead of pointing at it: not every reader knows how."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _info() -> Node:
    return {
        "title": "lanegate up-link",
        "version": f"1.{RECORD_SCHEMA}.0",
        "description": ABOUT,
        "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    }


def _server(protocol: str, port: int) -> Node:
    will = {
        "topic": "lanegate/1/{gw}/up/state",
        "qos": QOS,
        "message": PAYLOADS["offline"].decode(),
        "retain": True,
    }
    binding = {
        "clientId": "{gw}",
        "cleanSession": False,
        "lastWill": will,
        "keepAlive": 15,
        "sessionExpiryInterval": SESSION_EXPIRY_S,
        "bindingVersion": BINDING,
    }
    return {
        "host": f"{{host}}:{port}",
        "protocol": protocol,
        "protocolVersion": "5",
        "description": "The operator's broker. `keepAlive` is the configuration's to set.",
        "variables": {"host": {"default": "broker.example", "description": "`cloud: host:`"}},
        "bindings": {"mqtt": binding},
    }


def _channel(channel: Channel) -> Node:
    names = [name for name in PARAMETERS if f"{{{name}}}" in channel.topic]
    here = [message.name for message in MESSAGES if message.channel is channel]
    return {
        "address": channel.topic,
        "description": channel.about,
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in names},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in here},
    }


def _operation(channel: Channel) -> tuple[str, Node]:
    sends = channel.sender is From.GATEWAY
    word = "send" if sends else "receive"
    here = [message.name for message in MESSAGES if message.channel is channel]
    binding = {"qos": QOS, "retain": channel.retained, "bindingVersion": BINDING}
    name = "".join(part.capitalize() for part in channel.name.split("-"))
    return f"{word}{name}", {
        "action": word,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.about,
        "bindings": {"mqtt": binding},
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{name}"} for name in here],
    }


def _message(message: Message) -> Node:
    node = {
        "name": message.name,
        "summary": " ".join(message.about.split()),
        "contentType": message.content_type,
        "payload": _payload(message),
    }
    if message.channel.name == "rec":
        node["x-lines"] = {
            "first": {"$ref": REF.format(model="BatchHead")},
            "each other": {"$ref": REF.format(model="Record")},
        }
    return node | ({"examples": [_example(message)]} if message.example else {})


def _payload(message: Message) -> Node:
    if message.model is not None:
        return {"$ref": REF.format(model=message.model.__name__)}
    binary = message.content_type != "application/x-ndjson"
    return {"type": "string"} | ({"format": "binary"} if binary else {})


def _example(message: Message) -> Node:
    payload = PAYLOADS[message.example]
    shown = payload.decode() if message.model is None else json.loads(payload)
    return {"name": message.example, "payload": shown}
