"""Loops, limit switches and buttons: implement `gateway.ports.InputReader`."""
