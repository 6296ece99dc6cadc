"""on_poll."""
# mypy: ignore-errors
# ruff: noqa: F821
# fmt: off

async def on_poll(ven_id):
    # mended: the page has ...; the test gives messages.
    message_type, message_payload = messages.pop(0) if messages else (None, None)
    if message_type is None:
        # The page: "If there is no message for the VEN, you should return `None`."
        return None
    return message_type, message_payload
