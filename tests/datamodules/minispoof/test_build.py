from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from datamodules.audio import decode
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from datamodules.digests import file_sha256
from datamodules.manifest import Manifest
from datamodules.minispoof import BuildError, build_corpus
from datamodules.minispoof.sizes import SIZES, Size

ROOT = Path(__file__).resolve().parents[3]
HANDFUL = Size({"train": 2, "dev": 1, "eval": 3})
SLOW_START_S = 120.0

INTERRUPTED = """
import sys
from pathlib import Path
from datamodules.minispoof import build_corpus
from datamodules.minispoof.sizes import SIZES, Size
SIZES["handful"] = Size({bonafide!r})
build_corpus(Path({out!r}), {speech!r}, "handful", seed=7, jobs=1, sources=Path({sources!r}), progress=False)
"""


@pytest.fixture(scope="module")
def people(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real voices in the `--speech DIR` layout: one sub-folder a speaker, and one file that is no audio."""
    folder = tmp_path_factory.mktemp("people")
    for trial in asvspoof2019_la(str(tiny_corpus)):
        if trial.label == 1:
            target = folder / trial.speaker / f"{trial.utterance}.flac"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(trial.path.read_bytes())
    for speaker in folder.iterdir():
        (speaker / "0-broken.wav").write_text("no audio at all")
    return folder


@pytest.fixture
def handful(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(SIZES, "handful", HANDFUL)
    return "handful"


@pytest.fixture(scope="module")
def sources(tiny_corpus: Path) -> Path:
    return tiny_corpus.parent / "sources"


def contents(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): file_sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def built(out: Path, speech: Path, sources: Path, jobs: int, seed: int = 7) -> Manifest:
    return build_corpus(out, str(speech), "handful", seed, jobs, sources=sources, progress=False)


def test_tiny_corpus_holds_what_was_promised(tiny_corpus: Path) -> None:
    manifest = asvspoof2019_la(str(tiny_corpus))
    seen = {t.attack for t in manifest.partition("train")} - {"-"}
    heard = {t.attack for t in manifest.partition("eval")} - {"-"}
    assert seen == {t.attack for t in manifest.partition("dev")} - {"-"}
    assert seen < heard
    for partition in ("train", "dev", "eval"):
        trials = manifest.partition(partition)
        bonafide = sum(t.label for t in trials)
        assert bonafide >= 6
        assert len(trials) == 4 * bonafide
    languages = [{t.speaker[:2] for t in manifest.partition(p) if t.label == 1} for p in ("train", "dev", "eval")]
    assert not languages[0] & languages[1] | languages[1] & languages[2] | languages[0] & languages[2]
    assert len({t.speaker for t in manifest.partition("eval") if t.label == 1}) >= 2
    for trial in manifest:
        info = sf.info(trial.path)
        assert (info.samplerate, info.channels, info.subtype, info.format) == (16000, 1, "PCM_16", "FLAC")
        assert np.abs(decode(trial.path, 16000)).max() > 0.02
    readme = (tiny_corpus / "README.md").read_text()
    assert all(word in readme for word in ("M01", "CC-BY", "--seed 2026"))


def test_a_complete_corpus_is_found_at_once(tiny_corpus: Path) -> None:
    told: list[str] = []
    start_s = time.monotonic()
    build_corpus(tiny_corpus, size="tiny", progress=False, tell=told.append)
    assert time.monotonic() - start_s < 2.0
    assert len(told) == 1
    assert "is complete" in told[0]


def test_other_settings_or_foreign_files_are_refused_and_nothing_is_lost(
    tiny_corpus: Path, tmp_path: Path, people: Path, sources: Path, handful: str
) -> None:
    before = contents(tiny_corpus)
    with pytest.raises(BuildError, match=r"built with another .*speech, size, seed"):
        built(tiny_corpus, people, sources, jobs=1)
    assert contents(tiny_corpus) == before
    (tmp_path / "thesis.txt").write_text("do not delete")
    with pytest.raises(BuildError, match="found other files"):
        built(tmp_path, people, sources, jobs=1)
    with pytest.raises(BuildError, match="found size 'huge', expected one of tiny, small, medium, full"):
        build_corpus(tmp_path / "new", size="huge")


@pytest.mark.slow
def test_same_seed_same_bytes_whatever_the_jobs_and_after_a_kill(
    people: Path, sources: Path, tmp_path: Path, handful: str
) -> None:
    one = built(tmp_path / "one", people, sources, jobs=1)
    two = built(tmp_path / "two", people, sources, jobs=2)
    assert len(one) == 4 * sum(HANDFUL.bonafide.values())
    assert one.digest == two.digest
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert "0-broken.wav" in (tmp_path / "one" / "README.md").read_text()

    killed = tmp_path / "killed"
    program = INTERRUPTED.format(bonafide=HANDFUL.bonafide, out=str(killed), speech=str(people), sources=str(sources))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen([sys.executable, "-c", program], env=environment, start_new_session=True)
    wait_for_clips(killed, 4, child)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    clips = len(list(killed.rglob("*.flac")))
    assert 4 <= clips < len(one)
    assert not (killed / "COMPLETE.json").exists()
    (killed / "LA/ASVspoof2019_LA_eval/flac/MS_E_0000001.1.unfinished").write_bytes(b"half a file")

    told: list[str] = []
    build_corpus(killed, str(people), "handful", 7, 2, sources=sources, progress=False, tell=told.append)
    assert any(f"{clips} of {len(one)} clips are there" in line for line in told)
    assert contents(killed) == contents(tmp_path / "one")

    assert built(tmp_path / "other", people, sources, jobs=2, seed=8).digest != one.digest


def wait_for_clips(folder: Path, number: int, child: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + SLOW_START_S
    while len(list(folder.rglob("*.flac"))) < number:
        assert child.poll() is None, "the build ended before it could be interrupted"
        assert time.monotonic() < deadline_s, "no clips within two minutes"
        time.sleep(0.02)
