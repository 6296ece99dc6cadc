"""What proves a VTN or a VEN, rule by rule, from its messages alone.

``conformance.checks`` are the rules as small functions; ``conformance.judge`` feeds them
with traffic.
"""
