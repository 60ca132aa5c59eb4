"""What others publish on the same broker: one message a pass, up to the broker's own receipt."""

import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from bench.drain.broker import HOST

TOPIC = "bench/peer"
WINDOW = 100
PATIENCE_S = 300.0
NAME = "peer"
AT_ONCE = 50_000
"""MQTT numbers messages up to 65,535; mosquitto_pub ends too early when a number comes again."""


def with_paho(port: int, folder: Path | None, lines: Sequence[bytes], count: int) -> float:
    """Seconds for `count` messages of QoS 1, at most 100 of them under way."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=NAME, protocol=paho.MQTTv5)
    client.max_inflight_messages_set(WINDOW)
    if folder is not None:
        client.tls_set(str(folder / "ca.pem"), str(folder / "peer.pem"), str(folder / "peer.key"))
    ready, done, room = threading.Event(), threading.Event(), threading.Semaphore(WINDOW)
    left = count

    def taken(*_: object) -> None:
        nonlocal left
        left -= 1
        room.release()
        if left == 0:
            done.set()

    client.on_connect = lambda *_: ready.set()
    client.on_publish = taken
    client.connect(HOST, port)
    client.loop_start()
    ready.wait(PATIENCE_S)
    began = time.perf_counter()
    for number in range(count):
        room.acquire()
        client.publish(TOPIC, lines[number % len(lines)], qos=1)
    done.wait(PATIENCE_S)
    seconds = time.perf_counter() - began
    client.disconnect()
    client.loop_stop()
    return seconds


def with_mosquitto_pub(port: int, folder: Path | None, lines: Sequence[bytes], count: int) -> float:
    """Seconds of its runs, one after the other, from start to end."""
    command = ["mosquitto_pub", "-h", HOST, "-p", str(port), "-q", "1", "-t", TOPIC, "-l"]
    if folder is not None:
        command += ["--cafile", str(folder / "ca.pem")]
        command += ["--cert", str(folder / "peer.pem"), "--key", str(folder / "peer.key")]
    seconds = 0.0
    for first in range(0, count, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, count))
        text = b"".join(lines[number % len(lines)] + b"\n" for number in numbers)
        began = time.perf_counter()
        subprocess.run(command, input=text, check=True)
        seconds += time.perf_counter() - began
    return seconds
