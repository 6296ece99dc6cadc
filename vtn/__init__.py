"""The VTN: what a utility runs."""
