"""Runs from the command line: of what an adapter starts, of what runs somewhere."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from certs import KeyPair
from conformance.adapters.our_vtn import our_vtn
from conformance.adapters.papers import Papers, papers
from conformance.cli import main
from conformance.report import load
from conformance.results import Run, Verdict
from ven.client import Client

PYTHON = [sys.executable, "-c", "from conformance.cli import main; main()"]


def conform(*words: object) -> Result:
    return CliRunner().invoke(main, list(map(str, words)))


async def conformed(*words: object) -> Result:
    """Runs the command in a thread, with a loop of its own."""
    return await asyncio.to_thread(conform, *words)


def test_a_vtn_of_an_adapter_is_tested_and_reported(tmp_path: Path) -> None:
    out = {name: tmp_path / f"out.{name}" for name in ("html", "junit", "json")}
    options = [word for name, path in out.items() for word in (f"--{name}", path)]
    cases = ["--case", "N1_0010", "--case", "N1_0020"]
    result = conform("vtn", "--adapter", "openadr-kit", *cases, *options)
    assert result.exit_code == 0, result.output
    first, second, last = result.output.splitlines()
    assert re.fullmatch(r"N1_0010    query before registration +pass +\d+ checks", first)
    assert second.startswith("N1_0020    bootstrap ")
    assert last == f"2 cases: 2 pass.   {'   '.join(map(str, out.values()))}"
    (run,) = load(out["json"])
    assert [one.id for one in run.results] == ["N1_0010_TH_VEN", "N1_0020_TH_VEN"]
    assert "N1_0020_TH_VEN" in out["html"].read_text(encoding="utf-8")
    assert "N1_0020_TH_VEN" in out["junit"].read_text(encoding="utf-8")


@pytest.mark.parametrize("options", [["--push"], ["--tls"], ["--sign"], ["--tls", "--sign"]])
def test_a_vtn_of_an_adapter_is_tested_as_wanted(options: list[str]) -> None:
    result = conform("vtn", "--adapter", "openadr-kit", "--case", "N0_5020", "--quiet", *options)
    assert result.exit_code == 0, result.output
    assert result.output == "1 case: 1 pass.\n"


def test_a_ven_of_an_adapter_is_tested() -> None:
    result = conform("ven", "--adapter", "openadr-kit", "--case", "N1_0020")
    assert result.exit_code == 0, result.output
    assert result.output.endswith("1 case: 1 pass.\n")


async def test_a_vtn_elsewhere_is_tested_and_what_nobody_can_do_is_skipped() -> None:
    async with our_vtn() as vtn:
        await vtn.renew()
        cases = ["--case", "N1_0010", "--case", "N1_0020", "--case", "N1_0040"]
        result = await conformed("vtn", vtn.url, "--unattended", "--unit", "2s", *cases)
    assert result.exit_code == 0, result.output
    assert "3 cases: 2 pass, 1 skip." in result.output
    assert "needs somebody to have the device under test cancel the registration" in result.output


async def test_a_bundle_opens_a_vtn_that_wants_certificates(tmp_path: Path) -> None:
    async with our_vtn(tls=True) as vtn:
        await vtn.renew()
        assert vtn.papers is not None
        bundle, stranger = tmp_path / "kit.zip", tmp_path / "foreign.zip"
        _bundle(bundle, vtn.papers, vtn.papers.ven)
        _bundle(stranger, vtn.papers, vtn.papers.foreign)
        words = ["vtn", vtn.url.replace("127.0.0.1", "localhost"), "--unattended"]
        words += ["--case", "N1_0020"]
        good = await conformed(*words, "--bundle", bundle)
        pair = vtn.papers.ven
        files = ["--cert", pair.certificate, "--key", pair.key, "--ca", vtn.papers.ca]
        likewise = await conformed(*words, *files)
        bad = await conformed(*words, "--bundle", stranger)
    assert good.exit_code == likewise.exit_code == 0, good.output + likewise.output
    assert bad.exit_code == 2, bad.output
    assert "Does it know the certificate of the kit?" in bad.output


def _bundle(file: Path, of: Papers, pair: KeyPair) -> None:
    import zipfile

    with zipfile.ZipFile(file, "w") as archive:
        for name, path in (("ven.crt", pair.certificate), ("ven.key", pair.key), ("ca.crt", of.ca)):
            archive.write(path, name)
        archive.writestr(
            "ven.toml",
            'ven_name = "kit-ven"\n[tls]\ncertificate = "ven.crt"\n'
            'key = "ven.key"\nca = "ca.crt"\n',
        )


async def test_a_vtn_with_other_certificates_is_said(tmp_path: Path) -> None:
    with papers("kit-ven") as others:
        _bundle(tmp_path / "kit.zip", others, others.ven)
    async with our_vtn(tls=True) as vtn:
        await vtn.renew()
        url = vtn.url.replace("127.0.0.1", "localhost")
        result = await conformed("vtn", url, "--unattended", "--bundle", tmp_path / "kit.zip")
        plain = await conformed("vtn", url.replace("https", "http"), "--unattended")
    assert result.exit_code == plain.exit_code == 2
    assert "its certificate is not accepted" in result.output
    assert "Does it want https?" in plain.output


class Broken:
    """A server that answers everything with the same."""

    def __init__(self, status: int, body: str = "") -> None:
        self.status, self.body, self.url = status, body, ""

    async def __aenter__(self) -> "Broken":
        async def answer(request: web.BaseRequest) -> web.Response:
            return web.Response(status=self.status, text=self.body, content_type="application/xml")

        self._runner = web.ServerRunner(web.Server(answer))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()


async def test_a_server_that_is_no_vtn_is_said() -> None:
    async with Broken(404) as server:
        result = await conformed("vtn", server.url, "--unattended")
    assert result.exit_code == 2
    assert "there is no VTN" in result.output
    assert "answers with HTTP 404" in result.output


async def test_a_vtn_that_violates_rules_fails_and_can_be_the_end(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    async with Broken(200, "<hello/>") as server:
        words = ["vtn", server.url, "--unattended", "--suite", "registration", "--unit", "1s"]
        result = await conformed(*words, "--stop-on-fail", "--json", out)
    assert result.exit_code == 1, result.output
    assert "FAIL" in result.output
    assert "XSD" in result.output.splitlines()[-1]
    (run,) = load(out)
    assert [one.verdict for one in run.results][-1] is Verdict.FAIL
    assert sum(one.verdict is Verdict.FAIL for one in run.results) == 1


async def test_a_hook_script_does_what_a_case_needs(tmp_path: Path) -> None:
    hook, taken = tmp_path / "hook.py", tmp_path / "taken"
    hook.write_text(
        f"import sys\nopen({str(taken)!r}, 'a').write(sys.argv[1] + '\\n')\nsys.exit(3)\n",
        encoding="utf-8",
    )
    async with our_vtn() as vtn:
        await vtn.renew()
        command = f"{sys.executable} {hook}"
        words = ["vtn", vtn.url, "--case", "N1_0040", "--setup-command", command]
        result = await conformed(*words)
    assert result.exit_code == 2
    assert "Nothing was tested: all cases were skipped." in result.output
    assert "the setup command cannot do CancelRegistration" in result.output
    assert taken.read_text() == "CancelRegistration\n"


async def test_a_ven_that_comes_by_itself_is_tested(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    words = ["ven", "--listen", "127.0.0.1:0", "--case", "N1_0020", "--unattended", "--json", out]
    process = await asyncio.create_subprocess_exec(
        *PYTHON, *map(str, words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    client: Any = None
    try:
        while b"The VTN of the kit" not in (line := await process.stdout.readline()):
            assert line, "it ended"
        url = line.decode().split(" at ")[1].split(";")[0]
        client = Client("device", url)
        await client.start()
        rest = (await process.stdout.read()).decode()
    finally:
        if client is not None:
            await client.stop()
        if process.returncode is None:
            process.kill()
        await process.wait()
    (run,) = load(out)
    assert _verdicts(run) == [Verdict.PASS], rest


def _verdicts(run: Run) -> list[Verdict]:
    return [one.verdict for one in run.results]
