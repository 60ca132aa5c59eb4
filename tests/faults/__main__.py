"""`python -m tests.faults --hours N`: faults until then; 1 where anything was lost or doubled."""

import argparse
import sys

from tests.faults.mutants import survivors
from tests.faults.soak import soak


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mutants", action="store_true", help="see that the tests can fail")
    options = parser.parse_args()
    if options.mutants:
        return 1 if survivors() else 0
    return soak(options.hours, options.seed)


if __name__ == "__main__":
    sys.exit(main())
