"""Level two: the real runner, books, store, drivers and bus, on a line and in a time of paper."""
