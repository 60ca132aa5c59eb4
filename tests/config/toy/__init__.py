"""A package of drivers for the configuration tests."""
