"""Pictures of passes: held in memory until a record names them, then kept on disk by content."""

from gateway.evidence.evidence import HELD, Evidence, Figures

__all__ = ["HELD", "Evidence", "Figures"]
