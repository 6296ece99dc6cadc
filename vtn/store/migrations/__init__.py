"""The history of the tables.

``versions`` has one file for each revision; ``upgrade`` brings a database to the last.
"""

#: All revisions, oldest first.
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010")
#: The revision that this version works with.
HEAD = REVISIONS[-1]
