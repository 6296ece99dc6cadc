"""Bundled handlers that people use as they are."""
