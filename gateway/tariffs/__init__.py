"""Tariffs as an operator writes them: YAML files, read and checked."""

from gateway.tariffs.load import Read, load, read

__all__ = ["Read", "load", "read"]
