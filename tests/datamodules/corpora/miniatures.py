"""Every corpus layout in miniature, with its quirks, made of the embedded corpus's audio: to read, and to break."""

from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import soundfile as sf

from datamodules.audio import decode
from datamodules.corpora.asvspoof2019 import asvspoof2019_la as read_embedded

CLIP_S = 2
VCTK = ("LA_0009", "LA_0010", "LA_0011", "LA_0012")
CELEBRITIES = ("Alec Guinness", "Barack Obama", "Donald Trump", "Martin Luther King, Jr.", "Orson Welles")
READERS = ("female/eva_k", "male/elliot_miller", "female/mary_ann", "male/zeckou", "male/obruchov", "male/tux")
MLAAD_HEADER = (
    "path|original_file|language|is_original_language|duration|training_data|model_name|architecture|transcript"
)
SENTENCES = (
    '"What is that?" said the chief, shaking his head.',
    '"No boat come,',  # a quote that goes on in the next recording
    "a foot, 12\" long; and so on, 'tis said",
    "une phrase\u2028en deux lignes",
)


class Clips:
    """Hands out real clips of either class, one after the other, as files of any format and sample rate."""

    def __init__(self, embedded: Path) -> None:
        trials = read_embedded(str(embedded)).trials
        self._next: dict[str, Iterator[Path]] = {
            key: cycle([trial.path for trial in trials if trial.key == key]) for key in ("bonafide", "spoof")
        }

    def write(self, path: Path, key: str, sample_rate_hz: int = 16000) -> None:
        """Write the next clip of a class."""
        path.parent.mkdir(parents=True, exist_ok=True)
        waveform = decode(next(self._next[key]), sample_rate_hz)
        sf.write(path, waveform[: CLIP_S * sample_rate_hz], sample_rate_hz)


def write_lines(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def asvspoof2019_la(root: Path, clips: Clips) -> None:
    _asvspoof2019(root, clips, "LA", environment="-", attacks=("A01", "A02", "A07"))


def asvspoof2019_pa(root: Path, clips: Clips) -> None:
    """The third column is the room; attacks are pairs of distance and quality of the replay."""
    _asvspoof2019(root, clips, "PA", environment="aaa", attacks=("AA", "AB", "CC"))


def _asvspoof2019(root: Path, clips: Clips, access: str, environment: str, attacks: tuple[str, str, str]) -> None:
    for (partition, ending), attack in zip(
        {"train": "train.trn", "dev": "dev.trl", "eval": "eval.trl"}.items(), attacks, strict=True
    ):
        letter = partition[0].upper()
        lines = []
        for number, (written, key) in enumerate((("-", "bonafide"), (attack, "spoof"), ("-", "bonafide"))):
            utterance = f"{access}_{letter}_{1000000 + number}"
            lines.append(f"{access}_{letter}{number % 2} {utterance} {environment} {written} {key}")
            clips.write(root / access / f"ASVspoof2019_{access}_{partition}" / "flac" / f"{utterance}.flac", key)
        folder = root / access / f"ASVspoof2019_{access}_cm_protocols"
        write_lines(folder / f"ASVspoof2019.{access}.cm.{ending}.txt", lines)


def asvspoof2021_la(root: Path, clips: Clips) -> None:
    """The keys come apart from the audio, and say the subset of each trial in the last column."""
    lines = [
        "LA_0009 LA_E_9332881 alaw ita_tx A07 spoof notrim eval",
        "LA_0009 LA_E_6866159 none - bonafide bonafide notrim eval",
        "LA_0012 LA_E_8877452 opus loc_tx A17 spoof notrim eval",
        "LA_0012 LA_E_4828681 gsm mad_tx bonafide bonafide notrim eval",
        "LA_0010 LA_E_5464494 g722 loc_tx bonafide bonafide notrim progress",
        "LA_0010 LA_E_2834763 ulaw sin_tx A11 spoof notrim progress",
        "LA_0011 LA_E_1000147 none - A19 spoof trim hidden_track",
    ]
    _asvspoof2021(root, clips, "LA", lines)


def asvspoof2021_df(root: Path, clips: Clips) -> None:
    """Thirteen columns; five of them say more of the voice conversion challenges' trials only."""
    lines = [
        "LA_0023 DF_E_2000011 nocodec asvspoof A14 spoof notrim progress traditional_vocoder - - - -",
        "TEF2 DF_E_2000013 low_m4a vcc2020 Task1-team20 spoof notrim eval neural_vocoder Task1 team20 FF E",
        "TGF1 DF_E_2000024 mp3m4a vcc2020 Task2-team12 spoof notrim eval traditional_vocoder Task2 team12 FF G",
        "LA_0043 DF_E_2000026 nocodec asvspoof bonafide bonafide notrim eval bonafide - - - -",
        "VCC2SF1 DF_E_2000027 high_ogg vcc2018 - bonafide notrim eval bonafide - - - -",
    ]
    _asvspoof2021(root, clips, "DF", lines)


def _asvspoof2021(root: Path, clips: Clips, track: str, lines: list[str]) -> None:
    for line in lines:
        cells = line.split()
        clips.write(root / f"ASVspoof2021_{track}_eval" / "flac" / f"{cells[1]}.flac", cells[5])
    write_lines(root / "keys" / track / "CM" / "trial_metadata.txt", lines)


def asvspoof5(root: Path, clips: Clips) -> None:
    """Spaces separate the columns of the .tsv; the seventh is the kind of attack, and the eighth the attack."""
    partitions = {
        "T": ("train", "flac_T", ["F - - - AC3 A05 spoof -", "M - - - - bonafide bonafide -"]),
        "D": ("dev.track_1", "flac_D", ["F - - - AC1 A11 spoof -", "M - - - - bonafide bonafide -"]),
        "E": (
            "eval.track_1",
            "flac_E_eval",
            [
                "F C05 3 E_0000000022 AC2 A27 spoof -",
                "F - - E_0000000022 AC2 A27 spoof -",
                "M C11 5 E_0000000033 - bonafide bonafide -",
            ],
        ),
    }
    for letter, (name, folder, rest) in partitions.items():
        lines = [f"{letter}_{number:04d} {letter}_{number:010d} {columns}" for number, columns in enumerate(rest)]
        for line in lines:
            cells = line.split()
            clips.write(root / folder / f"{cells[1]}.flac", cells[8])
        write_lines(root / f"ASVspoof5.{name}.tsv", lines)


def in_the_wild(root: Path, clips: Clips) -> None:
    """Names of speakers hold spaces, and commas between quotes; the key is spelt ``bona-fide``."""
    lines = ["file,speaker,label"]
    for speaker in CELEBRITIES:
        written = f'"{speaker}"' if "," in speaker else speaker
        for label, key in (("spoof", "spoof"), ("bona-fide", "bonafide")):
            file = f"{len(lines) - 1}.wav"
            lines.append(f"{file},{written},{label}")
            clips.write(root / "release_in_the_wild" / file, key)
    write_lines(root / "release_in_the_wild" / "meta.csv", lines)


def wavefake(root: Path, clips: Clips) -> None:
    """Folders and no list; 22.05 kHz; the text-to-speech folder holds its files a second time in a sub-folder."""
    copies = {
        "LJSpeech-1.1/wavs": ("LJ001-00", ("ljspeech_hifiGAN", "ljspeech_melgan")),
        "jsut_ver1.1/basic5000/wav": ("BASIC5000_00", ("jsut_parallel_wavegan",)),
    }
    for folder, (prefix, attacks) in copies.items():
        for number in range(11, 19):
            clips.write(root / folder / f"{prefix}{number:02d}.wav", "bonafide", 22050)
            for attack in attacks:
                copy = root / "generated_audio" / attack / f"{prefix}{number:02d}_gen.wav"
                clips.write(copy, "spoof", 22050)
    (root / "LJSpeech-1.1" / "metadata.csv").write_text("LJ001-0011|Printing|Printing\n")
    speech = root / "generated_audio" / "common_voices_prompts_from_conformer_fastspeech2_pwg_ljspeech"
    for number in range(2):
        clips.write(speech / f"gen_{number}.wav", "spoof", 22050)
        (speech / "generated").mkdir(exist_ok=True)
        (speech / "generated" / f"gen_{number}.wav").write_bytes((speech / f"gen_{number}.wav").read_bytes())


def mlaad(root: Path, clips: Clips) -> None:
    """One meta.csv for each system; bars separate sentences with quotes in them; M-AILABS beside it."""
    files = [f"en_US/by_book/{reader}/the_book/wavs/{Path(reader).name}_01_f000001.wav" for reader in READERS]
    files.append("en_US/by_book/mix/sonnets/wavs/sonnets_01_f000001.wav")
    for file in files:
        clips.write(root / "M-AILABS" / file, "bonafide")
    for language, system in (("en", "tts_models_en_ljspeech_vits"), ("fr", "facebook_mms-tts-fra")):
        lines = [MLAAD_HEADER]
        for number, file in enumerate(files):
            name, told = Path(file).name, SENTENCES[number % len(SENTENCES)]
            spoken = f"./fake/{language}/{system}/{name}|{file}|{language}|{language == 'en'}|2.{number}"
            lines.append(f"{spoken}|ljspeech|{system.replace('_', '/', 1)}|vits|{told}")
            clips.write(root / "fake" / language / system / name, "spoof", 22050)
        write_lines(root / "fake" / language / system / "meta.csv", lines)


def labelled_folder(root: Path, clips: Clips) -> None:
    """``real/`` and ``fake/`` at once, as people lay out FakeAVCeleb; spaces in names, and what is no audio."""
    for number, person in enumerate(("id00076", "id00166", "id00173", "id00220")):
        clips.write(root / "real" / person / f"{number:05d}.wav", "bonafide")
        clips.write(root / "fake" / "real time voice cloning" / f"{number:05d}.wav", "spoof")
    for number in range(4, 12):
        clips.write(root / "real" / f"{number:05d}.wav", "bonafide")
        clips.write(root / "fake" / f"{number:05d}.flac", "spoof")
    (root / "real" / "._00004.wav").write_bytes(b"what macOS leaves in archives")
    (root / "fake" / "notes.txt").write_text("not audio\n")


def table(root: Path, clips: Clips) -> None:
    """A table of somebody's own: paths with spaces and commas, other words for everything, and empty cells."""
    lines = ["Path,Label,Split,Speaker,Method,Duration"]
    for number, split in enumerate(("train", "val", "test")):
        for key, label, method in (("bonafide", "real", ""), ("spoof", "fake", "Tortoise TTS"), ("spoof", "fake", "")):
            file = f"clips of {split}/{len(lines)}, {label}.wav"
            lines.append(f'"{file}",{label},{split},speaker {number},{method},{"2.0" if method else ""}')
            clips.write(root / file, key)
    write_lines(root / "trials.csv", lines)


LAYOUTS: dict[str, Callable[[Path, Clips], None]] = {
    build.__name__: build
    for build in (
        asvspoof2019_la,
        asvspoof2019_pa,
        asvspoof2021_la,
        asvspoof2021_df,
        asvspoof5,
        in_the_wild,
        wavefake,
        mlaad,
        labelled_folder,
        table,
    )
}
"""Name of the function that reads it -> what writes it under a root folder."""
