"""Logs, metrics, status: what the daemon says of itself."""
