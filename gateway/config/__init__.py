"""The configuration: `load` reads and checks it, and tells every problem with its place."""

from gateway.config.figures import GateConfig, RetentionConfig, TimingConfig
from gateway.config.models import Config, LaneConfig, load
from gateway.config.problems import ConfigError, Place, Problem

__all__ = [
    "Config",
    "ConfigError",
    "GateConfig",
    "LaneConfig",
    "Place",
    "Problem",
    "RetentionConfig",
    "TimingConfig",
    "load",
]
