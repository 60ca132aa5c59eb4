"""Measurements that the README quotes, each one command: `python -m bench.NAME [--json]`."""
