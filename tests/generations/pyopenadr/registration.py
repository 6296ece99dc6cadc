"""Registration."""
# mypy: ignore-errors
# ruff: noqa: F821, I001, RET503
# fmt: off

# mended: the page does not define database; the test gives one.
# mended: pyopenadr is called openleadr now.
from openleadr.utils import generate_id

async def on_create_party_registration(payload):
    ven_id = payload['ven_id']
    # Check whether or not this VEN is allowed to register
    result = await database.query("""SELECT COUNT(*)
                                       FROM vens
                                      WHERE ven_id = ?""",
                                  (payload['ven_id'],))
    if result == 1:
        # Generate an ID for this registration
        registration_id = generate_id()

        # Store the registration in a database (pseudo-code)
        await database.query("""UPDATE vens
                                   SET registration_id = ?
                                 WHERE ven_id = ?""",
                             (registration_id, ven_id))

        # Return the registration ID.
        # This will be put into the correct form by the OpenADRServer.
        return registration_id
