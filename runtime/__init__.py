"""What both shells need and the pure core may not have: a clock, tasks, hooks, settings, logs.

``vtn`` and ``ven`` do not know each other; what would otherwise stand in both stands
here. Nothing in it knows a message or a service.
"""
