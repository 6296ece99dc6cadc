"""Registration."""
# mypy: ignore-errors
# ruff: noqa: F821, I001, RET503
# fmt: off

# mended: the page does not define database; the test gives one.
from openleadr.utils import generate_id

async def on_create_party_registration(payload):
    ven_name = payload['ven_name']
    # Check whether or not this VEN is allowed to register
    result = await database.query("""SELECT COUNT(*)
                                       FROM vens
                                      WHERE ven_name = ?""",
                                  (payload['ven_name'],))
    if result == 1:
        # Generate an ID for this registration
        ven_id = generate_id()
        registration_id = generate_id()

        # Store the registration in a database (pseudo-code)
        await database.query("""UPDATE vens
                                   SET ven_id = ?,  -- mended: the page has no comma.
                                   registration_id = ?
                                 WHERE ven_name = ?""",
                             (ven_id, registration_id, ven_name))

        # Return the registration ID.
        # This will be put into the correct form by the OpenADRServer.
        return ven_id, registration_id
