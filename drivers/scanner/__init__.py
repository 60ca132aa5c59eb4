"""Code scanners: implement `gateway.ports.Scanner`."""
