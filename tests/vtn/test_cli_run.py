"""``vtn run``: what it refuses to start with, and how it starts and stops."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.vtn.command import Desk

PLAIN = """
vtn_id = "bench"
[http]
host = "127.0.0.1"
port = {port}
plain = true
[store]
url = "sqlite+aiosqlite:///vtn.db"
"""


@contextmanager
def running(*options: str) -> Iterator[subprocess.Popen[str]]:
    """The command ``vtn run`` as a process of its own; it is gone afterwards."""
    script = f"from vtn.cli import main; main({['run', *options]!r})"
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_stops_with_0_when_asked(vtn: Desk, number: signal.Signals) -> None:
    Path("vtn.toml").write_text(PLAIN.format(port=0))
    vtn("ven enrol a")
    with running() as process:
        line = first_line(process)
        match = re.fullmatch(
            r"(http://127\.0\.0\.1:\d+/OpenADR2/Simple/2\.0b)   1 VEN enrolled, 0 online"
            r"      Ctrl-C stops\n",
            line,
        )
        assert match, line
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{match[1]}/OadrPoll", data=b"nonsense", timeout=10)
        assert refused.value.code in (406, 415)
        refused.value.close()
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_it_serves_tls_with_what_init_made(vtn: Desk) -> None:
    text = Path("vtn.toml").read_text()
    Path("vtn.toml").write_text(text.replace("port = 8443", "port = 0"))
    with running("--debug") as process:
        assert first_line(process).startswith("https://0.0.0.0:")
        process.terminate()
        assert process.wait(timeout=20) == 0


def test_with_json_all_it_says_is_json(vtn: Desk) -> None:
    Path("vtn.toml").write_text(PLAIN.format(port=0))
    with running("--log-format", "json") as process:
        assert process.stderr is not None
        entry = json.loads(process.stderr.readline())
        assert entry["message"].startswith("listening at http://127.0.0.1:")
        process.terminate()
        assert process.wait(timeout=20) == 0
        for line in process.stderr.read().splitlines():
            json.loads(line)
        assert process.stdout is not None
        assert process.stdout.read() == ""


def test_a_port_that_is_taken_is_said_in_words(vtn: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        Path("vtn.toml").write_text(PLAIN.format(port=taken.getsockname()[1]))
        with running() as process:
            assert process.wait(timeout=20) == 1
            assert process.stderr is not None
            assert "is in use, perhaps by another vtn run" in process.stderr.read()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('ca = "ca/ca.crt"', 'ca = "no.crt"', "no.crt: cannot be opened"),
        ('key = "vtn.key"', 'key = "ca/ca.key"', "is not the key of"),
        ('key = "vtn.key"', "", "tls: certificate needs its key"),
        ('certificate = "vtn.crt"', "", "[tls] needs certificate, key and ca"),
        ('handler = "allow-list"', 'handler = "allow-lits"', "registration.handler: handler"),
        ('handlers = ["store"]', 'handlers = ["my:One"]', "vtn.toml: reports.handlers: cannot"),
        ("port = 8443", "port = 8443\nplain = true", "contradict each other"),
    ],
)
def test_what_cannot_work_is_said_before_anything_starts(
    vtn: Desk, old: str, new: str, why: str
) -> None:
    text = Path("vtn.toml").read_text()
    assert old in text
    Path("vtn.toml").write_text(text.replace(old, new, 1))
    assert why in vtn.error("run")


def test_plain_http_is_for_loopback_only(vtn: Desk) -> None:
    Path("vtn.toml").write_text(PLAIN.format(port=0).replace("127.0.0.1", "0.0.0.0"))
    assert "plain is for loopback addresses" in vtn.error("run")
