"""on_created_event."""
# mypy: ignore-errors
# ruff: noqa: T201
# fmt: off

async def on_created_event(ven_id, event_id, opt_status):
    print("Ven {ven_id} returned {opt_status} for event {event_id}")
    # return None
