"""The product's receiver in a process of its own.

python -m bench.drain.receiver PORT TLS_FOLDER|- FILE NAME
"""

import logging
import sys
from pathlib import Path

from bench.drain.broker import settings
from gateway.sync.receive import receive


def main() -> None:
    port, folder, path, name = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    receive(settings(int(port), None if folder == "-" else Path(folder), name), Path(path))


if __name__ == "__main__":
    main()
