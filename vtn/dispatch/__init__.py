"""What waits for a VEN, and when it goes out.

``outbox`` holds what the VTN wants to say besides events, ``snapshot`` builds the events
of a VEN, ``mailbox`` decides what a poll gets.
"""
