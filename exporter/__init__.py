"""Prometheus exporter for an organization on the Claude API."""

__version__ = "0.1.0"
HOME = "https://github.com/anthropic-exporter/anthropic-exporter"
