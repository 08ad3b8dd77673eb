"""What tests share: the tiny embedded corpus, built once and kept, and the place of the real data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datamodules.minispoof import BuildError, build_corpus
from tests.datamodules.corpora.miniatures import LAYOUTS, Clips
from tests.workplace import Workplace, make_workplace

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def tiny_corpus() -> Path:
    """The embedded corpus of size "tiny" in `data/minispoof-tiny`: built by the first session, found by the next."""
    out = ROOT / "data" / "minispoof-tiny"
    try:
        build_corpus(out, size="tiny", progress=False)
    except BuildError as error:
        if "no source of real speech" in str(error):
            pytest.skip(f"no real speech to build from: {error}")
        raise
    return out


@pytest.fixture
def miniature(tiny_corpus: Path, tmp_path: Path) -> Callable[..., Path]:
    """Write a corpus layout in miniature, by the name of the function that reads it, and return its root."""
    clips = Clips(tiny_corpus)

    def build(layout: str, root: Path = tmp_path / "corpus") -> Path:
        LAYOUTS[layout](root, clips)
        return root

    return build


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of official protocols and real recordings; tests that need it are skipped where it is absent."""
    folder = (ROOT / os.environ.get("SPOOFLAB_REALDATA", "../shared")).resolve()
    if not (folder / "asvspoof2019_la").is_dir():
        pytest.skip(f"no real data in {folder}; set SPOOFLAB_REALDATA")
    return folder


@pytest.fixture(scope="session")
def session_place(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """One folder with an MLflow store, for the whole session: making a store takes seconds."""
    return make_workplace(tmp_path_factory.mktemp("place"), tiny_corpus)


@pytest.fixture
def place(session_place: Workplace) -> Iterator[Workplace]:
    """Run the test in that folder."""
    with session_place.entered():
        yield session_place


@pytest.fixture(scope="session")
def evaluated(session_place: Workplace) -> str:
    """The id of a tiny CNN's run, trained and evaluated."""
    from datamodules.corpora.asvspoof2019 import asvspoof2019_la
    from experiments.evaluate import evaluate
    from experiments.train import train

    with session_place.entered():
        outcome = train(session_place.words(epochs=4), name="evaluated")
        evaluate(outcome.run_id, asvspoof2019_la(str(session_place.corpus)))
    return outcome.run_id
