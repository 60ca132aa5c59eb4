"""The demo: the real daemon on `config/demo.yaml`, with a broker, a receiver and a view."""
