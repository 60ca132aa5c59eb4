"""What speaks: implement `gateway.ports.Voice`."""
