"""The VEN: what a building controller embeds."""
