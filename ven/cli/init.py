"""``ven init``: a folder that ``ven run`` can work in."""

import tomllib
from pathlib import Path

import click

from runtime.sections import check
from ven.bundle import CONFIGURATION, BundleError, configured, read, write
from ven.config import Settings
from ven.starter import push_section, starter, vtn_section

_WORDS = {".key": "private key: keep it safe", ".crt": "certificate"}


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--bundle",
    "bundle_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Zip that the operator of the VTN made ('vtn ven enrol NAME --issue --out FILE').",
)
@click.option("--vtn", metavar="URL", help="Where the VTN is; in place of what the bundle says.")
@click.option("--name", metavar="NAME", help="Of the VEN; in place of what the bundle says.")
@click.option(
    "--push",
    metavar="ADDRESS",
    help="Where the VTN reaches this VEN: it pushes then, and is not polled.",
)
@click.option("--ven-id", metavar="ID", help="Of this VEN, as the operator of the VTN knows it.")
@click.option(
    "--pre-provisioned",
    is_flag=True,
    help="The VTN has no EiRegisterParty: it has been told the venID, and is only polled.",
)
@click.option("--vtn-id", metavar="ID", help="Of such a VTN; left out to take what it sends first.")
def init(
    folder: Path | None,
    bundle_path: Path | None,
    vtn: str | None,
    name: str | None,
    push: str | None,
    ven_id: str | None,
    pre_provisioned: bool,
    vtn_id: str | None,
) -> None:
    r"""Make a folder for a VEN; DIR is this folder if left out.

    Nothing that exists is overwritten.

    \b
    With a bundle from the operator of the VTN:
      ven init school-7 --bundle school-7.zip
      ven init school-7 --bundle school-7.zip --push https://school-7.example:8444

    \b
    Without one: certificates are put there later, or a VTN on this computer is
    reached by plain HTTP:
      ven init school-7 --vtn https://vtn.example:8443
      ven init test --vtn http://localhost:8080

    \b
    For a VTN that has no EiRegisterParty, and was told the venID by people:
      ven init school-7 --vtn https://vtn.example:8443 --pre-provisioned --ven-id 7f3a
    """
    folder = folder or Path()
    if bundle_path is not None:
        files = _from_bundle(bundle_path, vtn, name)
    elif vtn is None:
        raise click.UsageError("give --bundle FILE, or --vtn URL to begin without one")
    else:
        files = {CONFIGURATION: starter(name=name or folder.resolve().name, url=vtn).encode()}
    if push is not None:
        files[CONFIGURATION] = _with_push(files[CONFIGURATION].decode(), push).encode()
    text = _identified(files[CONFIGURATION].decode(), ven_id, vtn_id, pre_provisioned)
    files[CONFIGURATION] = text.encode()
    settings = check(tomllib.loads(text), Settings, file=str(folder / CONFIGURATION))
    write(files, folder)
    _tell(folder, files, settings)


def _from_bundle(path: Path, vtn: str | None, name: str | None) -> dict[str, bytes]:
    found = read(path)
    values = {"vtn_url": vtn, "ven_name": name}
    text = configured(
        found.files[CONFIGURATION].decode(),
        **{key: value for key, value in values.items() if value is not None},
    )
    if "vtn_url" not in tomllib.loads(text):
        raise BundleError(path, "does not say where the VTN is; give --vtn URL")
    return found.files | {CONFIGURATION: text.encode()}


def _identified(text: str, ven_id: str | None, vtn_id: str | None, pre_provisioned: bool) -> str:
    """Returns a configuration that says who the VEN is to a VTN that people have told it."""
    if ven_id is not None:
        text = configured(text, ven_id=ven_id)
    if not pre_provisioned:
        if vtn_id is not None:
            raise click.UsageError("--vtn-id is for --pre-provisioned; other VTNs say it")
        return text
    found = tomllib.loads(text)
    if "vtn" in found:
        raise click.UsageError("the bundle has a section [vtn]; edit that")
    if "ven_id" not in found:
        raise click.UsageError("--pre-provisioned needs --ven-id ID, the one that the VTN has")
    return text.rstrip("\n") + "\n\n" + vtn_section(vtn_id)


def _with_push(text: str, address: str) -> str:
    if "push" in tomllib.loads(text):
        raise click.UsageError("the bundle has a section [push]; leave --push out, and edit that")
    return text.rstrip("\n") + "\n\n" + push_section(address)


def _tell(folder: Path, files: dict[str, bytes], settings: Settings) -> None:
    click.echo(f"Created {folder}/")
    width = max(len(name) for name in files)
    for name in sorted(files, key=lambda name: (name != CONFIGURATION, name)):
        words = _WORDS.get(Path(name).suffix, "")
        click.echo(f"  {name:<{width}}  {_words(name, words, settings)}".rstrip())
    missing = _missing(folder, settings)
    if missing:
        click.echo(f"Missing  {', '.join(missing)}    from the operator of the VTN")
    if settings.push is not None:
        where = settings.push.listening()
        click.echo(f"Push     {settings.push.address} has to lead to port {where.port} here")
    run = "ven run" if folder == Path() else f"cd {folder}; ven run"
    click.echo(
        f"Next: {run}" if settings.meters else f"Next: name meters in {CONFIGURATION}; {run}"
    )


def _words(name: str, words: str, settings: Settings) -> str:
    if name == CONFIGURATION:
        return f"configuration of {settings.ven_name} at {settings.vtn_url} (edit me)"
    if settings.tls is not None and name == settings.tls.ca.name:
        return "certificate of the authority: whom the VEN believes"
    return words


def _missing(folder: Path, settings: Settings) -> list[str]:
    tls = settings.tls
    if tls is None:
        return []
    wanted = (tls.certificate, tls.key, tls.ca, tls.passphrase_file)
    return [str(path) for path in wanted if path is not None and not (folder / path).exists()]
