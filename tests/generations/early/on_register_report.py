"""on_register_report."""
# mypy: ignore-errors
# ruff: noqa: F821
# fmt: off

async def on_register_report(ven_id, reports):
    # mended: the page has no body. It says: "If you want to periodically receive any of these
    # reports, you should return a list of the r_ids that you want to receive."
    offered.append((ven_id, reports))
    return [description['r_id']
            for report in reports
            for description in report['report_descriptions']
            if description['r_id'] in wanted]
