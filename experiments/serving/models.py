"""A model's name in, the countermeasure to judge with out: another, loaded and warmed first, when the alias moves."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from experiments import registry
from experiments.inference import Countermeasure
from experiments.serving.metrics import Metrics

_log = logging.getLogger("uvicorn.error")  # whose lines a person sees
NO_VERSION = "none"
_LONGEST_PAUSE_S = 300.0
_MOST_DOUBLINGS = 20  # a float has an end
_PARENT_CHECK_S = 1.0


@dataclass(frozen=True)
class Loaded:
    """A version, ready to judge.

    Attributes:
        name: of the registered model.
        version: its number.
        countermeasure: loaded, prepared and warmed.
    """

    name: str
    version: str
    countermeasure: Countermeasure


def named(uri: str) -> tuple[str, str]:
    """Return the registered model's name and the number of the version that it names now.

    Of a folder: the folder itself, which has no version.

    Raises:
        LookupError: there is no such version.
    """
    if Path(uri).is_dir():
        return uri, NO_VERSION
    found = registry.version_of(uri)
    return str(found.name), str(found.version)


def load(uri: str) -> Loaded:
    """Load what ``models:/NAME@ALIAS``, ``models:/NAME/VERSION`` or a folder names, and judge something with it.

    The code is this installation's: of the registry's files only weights and plain values are read.

    Raises:
        LookupError: there is no such version.
        Exception: whatever a broken version raises.
    """
    name, version = named(uri)
    with TemporaryDirectory(prefix="spooflab-version-") as copied:  # else every reload would leave a download behind
        registered = f"models:/{name}/{version}"
        folder = Path(uri) if version == NO_VERSION else registry.countermeasure_folder(registered, Path(copied))
        countermeasure = Countermeasure.load(folder)
    warm(countermeasure)
    return Loaded(name, version, countermeasure)


def warm(countermeasure: Countermeasure) -> None:
    """Score a window of noise a few times: the first runs are slow, and a model that cannot score shows it here.

    Raises:
        ValueError: it gives something else than finite scores.
    """
    detector = countermeasure.detector
    samples = round(detector.crop_s * detector.specifications.sample_rate_hz)
    noise = 0.1 * np.random.default_rng(0).standard_normal(samples).astype(np.float32)
    scores = [countermeasure.score(noise) for _ in range(3)]
    if not np.isfinite(scores).all():
        raise ValueError(f"it scores noise with {scores[-1]}, expected a finite number: promote another version")


class Models:
    """Holds the version that is served, and replaces it while requests go on with the one that they began with.

    Args:
        uri: of the model.
        every_s: how often to look whether it names another version; 0 for never again, once one is loaded.
        metrics: told of every version.
        loader: name to version, loaded.
        newest: name to the model and the version that it names now.
    """

    def __init__(
        self,
        uri: str,
        every_s: float,
        metrics: Metrics,
        loader: Callable[[str], Loaded] = load,
        newest: Callable[[str], tuple[str, str]] = named,
    ) -> None:
        self.uri = uri
        self.current: Loaded | None = None
        self.problem = ""
        self._every_s = every_s
        self._metrics = metrics
        self._loader = loader
        self._newest = newest
        self._failures = 0
        self._stop = threading.Event()

    def watch(self) -> None:
        """Look from time to time, in a thread that ends with the process."""
        threading.Thread(target=self._look_after, name="models", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._stop.set()

    def refresh(self) -> bool:
        """Load the version that is named now, unless it is served already; whether that went well.

        What fails is told, and what was served before goes on.
        """
        try:
            if self.current is None or self._newest(self.uri) != (self.current.name, self.current.version):
                self._replace(self._loader(self.uri))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a new version, the old one goes on
            self._report(error)
            return False
        self.problem, self._failures = "", 0
        return True

    def _replace(self, loaded: Loaded) -> None:
        before, self.current = self.current, loaded
        if before is not None:
            self._metrics.serving.labels(before.name, before.version).set(0)
        self._metrics.serving.labels(loaded.name, loaded.version).set(1)
        self._metrics.reloads.labels("loaded").inc()
        _log.info("serving version %s of %s (%s)", loaded.version, loaded.name, loaded.countermeasure.told)

    @property
    def pause_s(self) -> float:
        """Until the next look: longer after each time that a version failed; not while the registry is away."""
        pause_s = (self._every_s or 1.0) * 2.0 ** min(self._failures, _MOST_DOUBLINGS)
        return min(pause_s, max(_LONGEST_PAUSE_S, self._every_s))

    def _report(self, error: Exception) -> None:
        if not isinstance(error, ConnectionError):
            self._failures += 1
        self._metrics.reloads.labels("failed").inc()
        problem = f"{self.uri} was not loaded: {error or type(error).__name__}"
        if problem != self.problem:  # not every time that it is tried again
            goes_on = f"; version {self.current.version} goes on" if self.current else ""
            _log.error("%s%s", problem, goes_on)
        self.problem = problem

    def _look_after(self) -> None:
        while self.current is None or self._every_s > 0:
            if self._stop.wait(self.pause_s):
                return
            self.refresh()


def end_with(parent: int) -> None:
    """Drain and end when the process that started this one is no more, however it went: no server is left behind."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_CHECK_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=look, name="parent", daemon=True).start()
