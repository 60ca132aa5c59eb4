"""The demo: the real daemon on `config/demo.yaml`, with a broker, a cloud, phones and a view."""
