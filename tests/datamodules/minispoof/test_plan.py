from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from datamodules.minispoof.attacks import ATTACKS, ESPEAK_VOICES, attacks_of
from datamodules.minispoof.errors import BuildError
from datamodules.minispoof.pieces import MAX_PIECE_S, Piece, choose_pieces, scan, speech_bounds
from datamodules.minispoof.plan import plan_trials
from datamodules.minispoof.recordings import Recording, deal_speakers, folder_speech
from datamodules.minispoof.sentences import SENTENCES, text_of_about

RATE_HZ = 16000
ALL_TOOLS = frozenset({"espeak", "flite", "piper"})


def pieces_of(partition: str, number: int, language: str = "en") -> list[Piece]:
    return [
        Piece(Recording(Path(f"{i}.wav"), f"{i}.wav", f"s{i % 3}", language, partition, "none"), 0, RATE_HZ * 3)
        for i in range(number)
    ]


def test_eight_attacks_or_more_of_four_kinds_the_neural_one_unseen() -> None:
    assert len(ATTACKS) >= 8
    assert {attack.kind for attack in ATTACKS} == {"vocoder", "voice conversion", "classical TTS", "neural TTS"}
    assert not any(attack.seen for attack in ATTACKS if attack.kind == "neural TTS")
    assert attacks_of("train", ALL_TOOLS) == attacks_of("dev", ALL_TOOLS)
    assert set(attacks_of("train", ALL_TOOLS)) < set(attacks_of("eval", ALL_TOOLS))
    voices = [voice for names in ESPEAK_VOICES.values() for voice in names]
    assert len(voices) == len(set(voices))


def test_attacks_are_dealt_evenly_three_to_a_piece_and_never_twice() -> None:
    trials = plan_trials(pieces_of("train", 30) + pieces_of("eval", 18), ALL_TOOLS, seed=1)
    for partition, each in (("train", 18), ("eval", 6)):
        counts = Counter(t.attack.id for t in trials if t.partition == partition and t.attack)
        assert set(counts.values()) == {each}
    pairs = Counter((t.partition, t.piece.recording.name, t.attack.id if t.attack else "-") for t in trials)
    assert set(pairs.values()) == {1}
    for attack in attacks_of("eval", ALL_TOOLS):
        homes = {t.piece.recording.speaker for t in trials if t.partition == "eval" and t.attack == attack}
        assert homes == {"s0", "s1", "s2"}, attack.id


def test_without_piper_its_share_goes_to_the_others() -> None:
    trials = plan_trials(pieces_of("eval", 16), ALL_TOOLS - {"piper"}, seed=1)
    counts = Counter(t.attack.id for t in trials if t.attack)
    assert "M09" not in counts
    assert set(counts.values()) == {6}


def test_names_tell_nothing_and_follow_the_seed() -> None:
    trials = plan_trials(pieces_of("eval", 60), ALL_TOOLS, seed=1)
    assert [t.utterance for t in trials] == [f"MS_E_{i:07d}" for i in range(1, 241)]
    places = [i for i, t in enumerate(trials) if t.attack is None]
    assert 80 < np.mean(places) < 160
    again = plan_trials(pieces_of("eval", 60), ALL_TOOLS, seed=1)
    assert again == trials
    assert plan_trials(pieces_of("eval", 60), ALL_TOOLS, seed=2) != trials


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_texts_are_long_enough_and_vary(language: str) -> None:
    texts = {text_of_about(5.0, language, np.random.default_rng(seed)) for seed in range(20)}
    assert len(texts) >= 18
    assert all(5.0 * 17 <= len(text) <= 5.0 * 17 * 2 for text in texts)


def speech_like(duration_s: float, seed: int = 0) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(round(duration_s * RATE_HZ))


def recorded(folder: Path, speaker: str, name: str, waveform: np.ndarray) -> Recording:
    path = folder / speaker / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    sf.write(path, waveform, RATE_HZ)
    return Recording(path, f"{speaker}/{name}.wav", speaker, "en", "train", "none")


def test_silence_stays_outside_of_pieces(tmp_path: Path) -> None:
    silence = np.zeros(RATE_HZ)
    waveform = np.concatenate([silence, speech_like(3.0), silence])
    start, stop = speech_bounds(waveform)
    assert start / RATE_HZ == pytest.approx(1.0, abs=0.05)
    assert stop / RATE_HZ == pytest.approx(4.0, abs=0.05)
    (piece,) = scan(recorded(tmp_path, "a", "1", waveform)).pieces
    assert piece.load().shape[0] == piece.stop - piece.start
    assert speech_bounds(np.zeros(RATE_HZ)) == (0, 0)


def test_long_recordings_give_several_pieces_and_short_ones_none(tmp_path: Path) -> None:
    pieces = scan(recorded(tmp_path, "a", "long", speech_like(14.0))).pieces
    assert len(pieces) == 3
    assert all(4.0 < piece.duration_s <= MAX_PIECE_S for piece in pieces)
    assert scan(recorded(tmp_path, "a", "short", speech_like(1.5))).pieces == ()


def test_a_source_file_that_decodes_to_nothing_is_told_and_survived(tmp_path: Path) -> None:
    good = [recorded(tmp_path, "a", str(i), speech_like(3.0, i)) for i in range(3)]
    empty = recorded(tmp_path, "a", "empty", np.zeros(0))
    broken = recorded(tmp_path, "a", "broken", np.zeros(10))
    broken.path.write_bytes(b"OggS and then nothing that makes sense")
    pieces, refusals = choose_pieces([*good, empty, broken], {"train": 5}, 1, lambda rs: [scan(r) for r in rs])
    assert {piece.recording for piece in pieces} == set(good)
    assert len(refusals) == 2
    assert any("empty.wav: found a valid header but no audio samples" in refusal for refusal in refusals)
    assert any("broken.wav" in refusal for refusal in refusals)


def test_speakers_are_dealt_to_all_partitions_whatever_their_number() -> None:
    for number in range(3, 30):
        homes = Counter(deal_speakers([f"s{i}" for i in range(number)], seed=5).values())
        assert set(homes) == {"train", "dev", "eval"}
    assert deal_speakers("abcdef", seed=5) == deal_speakers("fedcba", seed=5)


def test_a_folder_of_two_speakers_is_refused(tmp_path: Path) -> None:
    for speaker in "ab":
        recorded(tmp_path, speaker, "1", speech_like(0.1))
    with pytest.raises(BuildError, match="found 2 sub-folders with audio, expected at least 3 speakers"):
        folder_speech(tmp_path, "en", seed=1)
    with pytest.raises(BuildError, match="found no such folder"):
        folder_speech(tmp_path / "gone", "en", seed=1)
