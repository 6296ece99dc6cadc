"""nginx and HAProxy in front of a VTN, run with the very files that docs/howto/proxy.md shows."""

import os
import re
import shutil
import socket
import subprocess
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.world import USAGE, Utility, until

SHOWN = Path(__file__).parents[2] / "docs" / "howto" / "proxy"
_SBIN = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
#: What nginx has around a file in conf.d; as root its workers would be somebody who may not read
#: the folder of a test.
_MAIN = """\
daemon off;
pid {folder}/pid;
error_log stderr notice;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {site};
}}
"""
Change = Callable[[str], str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def found(program: str) -> str:
    """Returns where a program is; the test is skipped where it is not."""
    path = shutil.which(program, path=_SBIN)
    if path is None:
        pytest.skip(f"the program {program} is not installed")
    return path


#: Where a configuration says how long it waits for what a client sends.
_WAITS = r"((?:client_header_|client_body_|http-request |client )\w*\s+)\d+s"


def quicker(text: str) -> str:
    """Returns a configuration that waits a second for slow senders."""
    changed = re.sub(_WAITS, r"\g<1>1s", text)
    assert changed != text
    return changed


def alternative(*names: str) -> Change:
    """Returns what puts lines that are written as comments in the place of those that are not."""

    def change(text: str) -> str:
        for name in names:
            assert re.search(rf"^ *#{name}", text, re.MULTILINE), name
            text = re.sub(rf"^ *{name}\b.*\n", "", text, flags=re.MULTILINE)
            text = re.sub(rf"^( *)#(?={name}\b)", r"\1", text, flags=re.MULTILINE)
        return text

    return change


@dataclass(slots=True)
class Fronted(Utility):
    """A utility that VENs reach through a proxy.

    Attributes:
        front: the port of the proxy.
    """

    front: int = 0

    @property
    def url(self) -> str:
        """Where buildings reach it: at its proxy."""
        return f"https://localhost:{self.front}"

    def as_shown(self, proxy: str, **sections: Any) -> None:
        """Takes the configuration that the page shows for this proxy."""
        shown = tomllib.loads((SHOWN / f"vtn-{proxy}.toml").read_text(encoding="utf-8"))
        self.sections = shown
        self.configure(
            http={"port": self.port, "rate": 1e6, "burst": 1e6},
            store={"url": "sqlite+aiosqlite:///vtn.db"},
            reports=USAGE,
        )
        self.configure(**sections)


class Front:
    """A proxy that runs in the foreground, with all its files in a folder.

    Args:
        program: ``nginx`` or ``haproxy``.
        utility: behind it.
        folder: new; `/etc/openadr` in its configuration.
    """

    def __init__(self, program: str, utility: Fronted, folder: Path) -> None:
        self.program = program
        self._path = found(program)
        self._utility = utility
        self.folder = folder
        self._log = folder / "log"
        self._child: subprocess.Popen[bytes] | None = None
        folder.mkdir()

    async def up(self, *changes: Change, words: Mapping[str, str] | None = None) -> None:
        """Starts it with the file that the page shows.

        Args:
            changes: of the text.
            words: to be replaced in it, each there.
        """
        self._put_certificates()
        name = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}[self.program]
        text = (SHOWN / name).read_text(encoding="utf-8")
        places = {
            "/etc/openadr/": f"{self.folder}/",
            ":8443 ssl": f":{self._utility.front} ssl",
            "listen 8443 ssl": f"listen {self._utility.front} ssl",
            "127.0.0.1:8080": f"127.0.0.1:{self._utility.port}",
        }
        for old, new in places.items():
            text = text.replace(old, new)
        for old, new in (words or {}).items():
            assert old in text, old
            text = text.replace(old, new)
        for change in changes:
            text = change(text)
        self._start(self._command(text))
        await until(self._listens)

    def _start(self, command: list[str]) -> None:
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(command, stdout=log, stderr=log)

    def _command(self, text: str) -> list[str]:
        site = self.folder / "openadr.conf"
        site.write_text(text)
        if self.program == "haproxy":
            return [self._path, "-db", "-f", str(site)]
        main = self.folder / "main.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        main.write_text(_MAIN.format(folder=self.folder, site=site, user=user))
        return [self._path, "-p", str(self.folder), "-e", "stderr", "-c", str(main)]

    def _put_certificates(self) -> None:
        own, here = self._utility.folder, self.folder
        for name in ("vtn.crt", "vtn.key", "vtn-rsa.crt", "vtn-rsa.key", "ca/ca.crt", "ca/ca.crl"):
            shutil.copy(own / name, here / Path(name).name)
        for stem in ("vtn", "vtn-rsa"):
            both = (here / f"{stem}.crt").read_bytes() + (here / f"{stem}.key").read_bytes()
            (here / f"{stem}.pem").write_bytes(both)

    def _listens(self) -> bool:
        assert self._child is not None
        assert self._child.poll() is None, self.words()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._utility.front)) == 0

    def words(self) -> str:
        """Returns what it says."""
        return self._log.read_text(errors="replace")

    def down(self) -> None:
        """Ends it."""
        if self._child is not None:
            self._child.terminate()
            try:
                self._child.wait(10)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
            self._child = None
