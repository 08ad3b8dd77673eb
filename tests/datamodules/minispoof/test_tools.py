from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datamodules.minispoof.errors import BuildError
from datamodules.minispoof.plan import Spoken
from datamodules.minispoof.tools import Program, find_piper, find_tools
from datamodules.minispoof.tts import speak

SENTENCE = "The baker opens his shop before the sun is up."


@pytest.mark.parametrize(("tool", "voice"), [("espeak", "m4"), ("flite", "kal16"), ("flite", "slt"), ("piper", "joe")])
def test_programs_speak_the_same_twice_and_faster_when_asked(tiny_corpus: Path, tool: str, voice: str) -> None:
    tools = find_tools(tiny_corpus.parent / "sources")
    if tool not in tools.available:
        pytest.skip(f"{tool} cannot be had here: {tools.refusals}")
    slow = Spoken(SENTENCE, "en", voice, 1.0)
    first, second = speak(tools, tool, [slow, slow], seed=3)
    again = speak(tools, tool, [slow, slow], seed=3)
    assert np.array_equal(first, again[0])
    assert np.array_equal(second, again[1])
    assert 1.5 < len(first) / 16000 < 6.0
    fast = speak(tools, tool, [Spoken(SENTENCE, "en", voice, 1.4)], seed=3)[0]
    assert len(fast) < 0.9 * len(first)


def test_piper_that_cannot_be_installed_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(BuildError, match=r"installing piper-tts.*failed.*check the network"):
        find_piper(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_program_tells_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"ls failed: .*nowhere"):
        Program("ls", "coreutils").run(["ls", str(tmp_path / "nowhere")])
    with pytest.raises(BuildError, match="could not run"):
        Program("none", "nowhere").run([str(tmp_path / "none")])
