"""One file for each way of talking to a device; its name is the `driver:` of the YAML."""
