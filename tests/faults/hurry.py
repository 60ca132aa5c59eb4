"""The product's own programs with less patience, so that a fault of hours fits into seconds.

    python -m tests.faults.hurry [--die WHERE:NUMBER] receive ...

runs `lanegate receive ...`. Only waiting times are changed; `--die` ends the process by SIGKILL
at the n-th batch, before it is stored or between the commit and the answer.
"""

import argparse
import itertools
import logging
import os
import signal
import sys
from collections.abc import Callable

KEEPALIVE_S = 2
RECONNECT_MAX_S = 0.3


def hurry() -> None:
    """Waiting times of the sync, most of them a tenth of what they are."""
    from gateway.store import database
    from gateway.sync import conversation, desk, redial, sender

    database.BUSY_TIMEOUT_S = 1.0
    conversation.RECEIPT_S = 2.0
    conversation.TICK_S = 0.25
    desk.NEW_EPOCH_PAUSE_S = 1.0
    redial.FIRST_WAIT_S = redial.BASE_WAIT_S = 0.2
    redial.REFUSED_FACTOR = 5
    redial.STEADY_S = 2.0
    sender.PATIENCE_S, sender.MAX_PATIENCE_S = 0.7, 3.0
    sender.RESEND_PAUSE_S = 0.2


def die_at(where: str, number: int) -> None:
    """`where`: "batch" (it came and is not stored) or "ack" (it is stored and not answered)."""
    from gateway.sync import messages
    from gateway.sync.broker import Connection

    calls = itertools.count(1)

    def or_die(function: Callable, counts: Callable[..., bool]) -> Callable:
        def call(*args, **kwargs):
            if counts(*args) and next(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return call

    if where == "batch":
        messages.decode_batch = or_die(messages.decode_batch, lambda *_: True)
    else:
        is_ack = lambda _connection, topic, *_: topic.endswith("/ack")  # noqa: E731
        Connection.publish = or_die(Connection.publish, is_ack)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--die")
    known, rest = options.parse_known_args()
    hurry()
    if known.die:
        where, number = known.die.split(":")
        die_at(where, int(number))
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    from gateway.__main__ import main as lanegate

    sys.argv = ["lanegate", *rest]
    lanegate()


if __name__ == "__main__":
    main()
