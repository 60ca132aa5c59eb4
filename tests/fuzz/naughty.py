"""A child of the fuzzer that breaks its promises: by the tens of the case's number."""

import os

from bench.fuzz.child import NOTHING, serve


def main() -> None:
    serve(lambda _, number: ("naughty", DEEDS[number // 10] if number % 10 == 1 else fine))


def fine() -> str:
    return NOTHING


def leave() -> str:
    os._exit(0)


def complain() -> str:
    raise ValueError("no sentence for a technician")


def swell() -> str:
    return str(len(bytearray(1100 << 20)))[:0] + NOTHING


def burn() -> str:
    while True:
        pass


DEEDS = (leave, os.abort, complain, swell, fine, burn)

if __name__ == "__main__":
    main()
