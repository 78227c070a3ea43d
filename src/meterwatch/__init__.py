"""Watches water meters and panic buttons, and keeps telling people until somebody has gone."""

__version__ = "0.1.0"
