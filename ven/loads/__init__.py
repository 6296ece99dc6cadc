"""The loads that come with the VEN: simulated, a Python callable, the log."""
