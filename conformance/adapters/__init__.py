"""Devices under test that need nobody: our VTN and VEN, and those of openleadr.

Only this room of the kit knows ``vtn`` and ``ven``.
"""
