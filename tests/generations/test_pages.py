"""No code block of a page is left out, and each is run by a test."""

from pathlib import Path

import pytest

from tests.generations import (
    test_current,
    test_current_events,
    test_early,
    test_early_events,
    test_pyopenadr,
    test_signing,
)
from tests.generations.pages import PAGES

_HERE = Path(__file__).parent
_MODULES = (
    test_current,
    test_current_events,
    test_early,
    test_early_events,
    test_pyopenadr,
    test_signing,
)
#: How many code blocks each page has, as counted in it.
COUNTS = {
    "server.rst of OpenLEADR 0.5.34": 12,
    "server.rst of the first OpenLEADR": 7,
    "server.rst of pyOpenADR": 1,
}


def _run() -> set[str]:
    """Returns the programs that tests say they run, and name in their text."""
    return {
        program
        for module in _MODULES
        for name, test in vars(module).items()
        if name.startswith("test_")
        for program in getattr(test, "runs", ())
    }


@pytest.mark.parametrize("page", PAGES)
def test_each_code_block_of_a_page_is_a_program(page: str) -> None:
    folder, blocks = PAGES[page]
    assert len(blocks) == COUNTS[page]
    assert [block.line for block in blocks] == sorted({block.line for block in blocks})
    files = {file.stem for file in (_HERE / folder).glob("*.py")} - {"__init__"}
    assert files == {block.program for block in blocks}


@pytest.mark.parametrize("page", PAGES)
def test_each_program_is_run_by_a_test(page: str) -> None:
    folder, blocks = PAGES[page]
    assert {f"{folder}/{block.program}" for block in blocks} <= _run()


@pytest.mark.parametrize("page", PAGES)
def test_each_program_says_what_was_mended_or_is_as_on_the_page(page: str) -> None:
    folder, blocks = PAGES[page]
    as_on_the_page = {"current/on_created_event"}
    for block in blocks:
        text = (_HERE / folder / f"{block.program}.py").read_text()
        mended = "mended: " in text
        assert mended != (f"{folder}/{block.program}" in as_on_the_page), block
        assert "import OpenADRServer" not in text.replace("as OpenADRServer", "")
