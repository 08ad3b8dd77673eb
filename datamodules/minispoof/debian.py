"""Names of Debian packages in -> their files in a folder out: apt-get download and dpkg-deb, no root needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from datamodules.minispoof.errors import BuildError

APT_OPTIONS: Final = ("-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=2")
"""Downloading into a private folder as root: apt's own unprivileged user could not write there."""
TIMEOUT_S: Final = 900
INSTALL_LINE: Final = re.compile(r"^Inst (\S+)", re.MULTILINE)
TOLD_CHARS: Final = 300


def has_apt() -> bool:
    """Are the two tools there at all?"""
    return shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None


def unpack(package: str, folder: Path) -> Path:
    """Download one package and unpack it into ``folder/<package>``, unless it is there already.

    Returns:
        The folder with the package's files; its file ``VERSION`` holds the package's version.

    Raises:
        BuildError: when the package cannot be downloaded or unpacked.
    """
    return unpack_together((package,), folder, package)


def unpack_together(packages: tuple[str, ...], folder: Path, name: str) -> Path:
    """Download packages and unpack them over each other into ``folder/<name>``, unless it is there already.

    The target appears by one rename, so an interrupted download leaves nothing that looks finished.

    Raises:
        BuildError: when a package cannot be downloaded or unpacked.
    """
    target = folder / name
    if target.is_dir():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as scratch:
        _download(packages, Path(scratch))
        tree = Path(scratch) / "tree"
        archives = sorted(Path(scratch).glob("*.deb"))
        for archive in archives:
            _run(["dpkg-deb", "-x", str(archive), str(tree)], Path(scratch))
        (tree / "VERSION").write_text("".join(f"{archive.stem}\n" for archive in archives), encoding="utf-8")
        try:
            tree.rename(target)
        except OSError:  # another build was faster: its tree is as good as ours
            if not target.is_dir():
                raise
    return target


def missing_packages(packages: tuple[str, ...]) -> tuple[str, ...]:
    """The packages and the dependencies of theirs that this system lacks, by apt's own resolver (a dry run).

    Raises:
        BuildError: when apt cannot resolve them.
    """
    command = ["apt-get", "-s", "--no-install-recommends", "install", *packages]
    try:
        told = _run(command, Path.cwd())
    except BuildError:
        _update_lists()
        told = _run(command, Path.cwd())
    return tuple(INSTALL_LINE.findall(told))


def _download(packages: tuple[str, ...], folder: Path) -> None:
    command = ["apt-get", *APT_OPTIONS, "download", *packages]
    try:
        _run(command, folder)
    except BuildError:
        _update_lists()
        _run(command, folder)


def _update_lists() -> None:
    # Needs root in most places; where it fails, the download that follows says what is missing.
    subprocess.run(["apt-get", "update"], capture_output=True, check=False, timeout=TIMEOUT_S)


def _run(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=TIMEOUT_S
        )
    except subprocess.CalledProcessError as error:
        told = " ".join((error.stderr or error.stdout or "").split())[-TOLD_CHARS:]
        raise BuildError(
            f"`{' '.join(command[:6])} …` failed: {told}; check the network and run `apt-get update` as root"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(
            f"`{' '.join(command[:6])} …` could not run: {error}; install apt and dpkg, or use --speech DIR"
        ) from error
    return done.stdout
