import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.vtn.command import Desk
from vtn.cli import main


@pytest.fixture(scope="session")
def fresh_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as ``vtn init`` makes it, to copy: faster than to make one for each test."""
    folder = tmp_path_factory.mktemp("init") / "north-grid"
    result = CliRunner().invoke(main, ["init", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def vtn(tmp_path: Path, fresh_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The command ``vtn`` in a new folder."""
    folder = tmp_path / "north-grid"
    shutil.copytree(fresh_folder, folder)
    monkeypatch.chdir(folder)
    for name in ("OADR_VTN_CONFIG", "OADR_CERTS_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    return Desk(folder=folder)
