"""What a VEN does on its own: one module per noun, all around one ``Core``.

``session`` is the loop that registers, polls and drains; ``poll`` hands what the VTN
wants to ``registration``, ``event`` and ``report``; ``schedule`` carries events out;
``metering`` takes samples; ``delivery`` sends what waits in the outbox.
"""
