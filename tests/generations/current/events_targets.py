"""A word on event targets."""
# mypy: ignore-errors
# ruff: noqa: F821
# fmt: off

# mended: the page has ... in place of the other arguments; the test gives them, and server.
server.add_event(**arguments,
                 targets_by_type={'resource_id': ['resource01', 'resource02'],
                                  'group_id': ['group01', 'group02']}
                 )
