"""Simulated devices and the world around them: what stands in for a real lane."""
