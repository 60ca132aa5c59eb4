"""Signs: implement `gateway.ports.Display`."""
