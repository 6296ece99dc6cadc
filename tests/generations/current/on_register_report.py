"""on_register_report."""
# mypy: ignore-errors
# ruff: noqa: F821
# fmt: off

async def on_register_report(ven_id, resource_id, measurement, unit, scale,
                             min_sampling_interval, max_sampling_interval):
    # mended: the page shows both returns, one after the other, and defines neither callback nor
    # requested_sampling_interval; the test gives them, and says which return it is.
    # If we want this report:
    if measurement in wanted:
        return (callback, requested_sampling_interval)
    # or
    return None
