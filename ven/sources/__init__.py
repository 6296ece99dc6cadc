"""The meters that come with the VEN: CSV replay, a Python callable, this computer, a status."""
