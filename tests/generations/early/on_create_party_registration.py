"""on_create_party_registration."""
# mypy: ignore-errors
# ruff: noqa: F821, RET505
# fmt: off

async def on_create_party_registration(registration_info):
    ven_name = registration_info['ven_name']
    # mended: the page has ...; the test gives vens, and the names that are used below.
    ven_is_known, ven_id, registration_id = vens.get(ven_name, (False, None, None))
    if ven_is_known:
        return ven_id, registration_id
    else:  # mended: the page has no colon.
        return None
