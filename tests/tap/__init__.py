"""The tap: all that our VTN and our VEN send in any test is held against the rules.

``seams`` puts it into the classes through which messages go, in this process and in those
that tests start (``site/sitecustomize.py``); ``plugin`` lets a test fail that makes one of
our sides break a rule.
"""
