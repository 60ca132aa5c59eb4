"""Shared wires: implement `gateway.ports.Bus`; other drivers are handed one by name."""
