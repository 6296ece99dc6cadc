"""What came of runs, for people and for machines: terminal, HTML, JUnit XML, JSON.

Each takes ``conformance.results.Run`` and knows nothing of cases and devices. What a
device has said is hostile: nothing of it reaches a reader unescaped.
"""
