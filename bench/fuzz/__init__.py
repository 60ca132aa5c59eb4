"""Hostile pictures and models against the reader, in a process whose end is seen."""
