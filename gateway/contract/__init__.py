"""The up-link as other programs must know it: every message declared once, with its example.

From these models come the JSON Schemas, the AsyncAPI document and the examples of docs/mqtt.md
(`lanegate schema --write`). The daemon writes its messages without them; the tests hold the two
together.
"""
