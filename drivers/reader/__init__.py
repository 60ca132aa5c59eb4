"""Plate readers: implement `gateway.ports.Reader`. They run in the child of `gateway.eyes`."""
