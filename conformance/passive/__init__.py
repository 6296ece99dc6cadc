"""Judging what others say: recorded messages, and live traffic between any VTN and any VEN.

``sources`` reads what was recorded, ``judging`` holds it against the checks, ``proxy`` stands
between a VTN and its VENs, ``replay`` makes a case of a recording.
"""
