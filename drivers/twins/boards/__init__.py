"""Simulated boards: one file a family, `models` for their names."""
