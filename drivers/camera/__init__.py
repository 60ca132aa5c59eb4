"""Cameras: implement `gateway.ports.Camera`. They run in the child of `gateway.eyes`."""
