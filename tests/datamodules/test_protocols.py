"""Every challenge's protocol is read with its quirks."""

from collections import Counter

import pytest

from datamodules.protocols import read_protocol
from datamodules.tables import TableError

FORMS = {
    "2019 LA": "LA_0069 LA_D_1 - - bonafide\nLA_0070 LA_D_2 - A01 spoof\n",
    "2021 LA": (
        "LA_0009 LA_E_1 alaw ita_tx bonafide bonafide notrim eval\n"
        "LA_0010 LA_E_2 none - A07 spoof notrim eval\n"
        "LA_0011 LA_E_3 none - A07 spoof notrim progress\n"
    ),
    "2021 DF": (
        "LA_0023 DF_E_1 nocodec asvspoof - bonafide notrim eval - - - - -\n"
        "LA_0043 DF_E_2 low_mp3 vcc2020 A14 spoof notrim eval traditional_vocoder - - - -\n"
    ),
    "5": "E_1 E_01 F - - - AC1 bonafide bonafide -\nE_2 E_02 M C05 1 7 AC1 A17 spoof -\n",
    "csv": "file,speaker,label\n0.wav,Ada Lovelace,bona-fide\n1.wav,Alan,spoof\n",
    "score file": "a - bonafide 0.5\nb A01 spoof -0.5\n",
    "two columns": "a genuine\nb fake\n",
}


@pytest.fixture
def read(tmp_path):
    """Write a text to a file and read it."""

    def reader(text, subset=None):
        path = tmp_path / "protocol.txt"
        path.write_text(text)
        return read_protocol(path, subset)

    return reader


@pytest.mark.parametrize("name", FORMS)
def test_the_fields_forms(read, name):
    protocol = read(FORMS[name])
    assert len(protocol.utterances) == 2
    assert list(protocol.keys) == ["bonafide", "spoof"]
    assert protocol.attacks[0] == "-"


def test_what_each_form_knows(read):
    la21, df21, five = read(FORMS["2021 LA"]), read(FORMS["2021 DF"]), read(FORMS["5"])
    assert (la21.codecs, la21.attacks, la21.outside) == (["alaw", "none"], ["-", "A07"], {"LA_E_3"})
    assert (df21.codecs, df21.attacks) == (["nocodec", "low_mp3"], ["-", "A14"])
    assert (five.codecs, five.attacks, five.speakers) == (["none", "C05"], ["-", "A17"], ["E_1", "E_2"])
    assert read(FORMS["csv"]).speakers == ["Ada Lovelace", "Alan"]
    assert read(FORMS["two columns"]).speakers is None


def test_subsets(read):
    assert read(FORMS["2021 LA"], "progress").utterances == ["LA_E_3"]
    with pytest.raises(TableError, match="the subsets there are: eval, progress"):
        read(FORMS["2021 LA"], "hidden_track")
    with pytest.raises(TableError, match="it tells no subsets apart"):
        read(FORMS["2019 LA"], "eval")


def test_durations(read):
    assert read("utterance,key,duration_s\na,real,1.5\nb,fake,2\n").durations_s == [1.5, 2.0]
    with pytest.raises(TableError, match=r"protocol\.txt:3: found 'long', expected a number"):
        read("utterance,key,duration_s\na,real,1.5\nb,fake,long\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a bonafide\nb 0\n", r"protocol\.txt:2: found key '0' \(b\).*name the classes in words"),
        ("a bonafide\na spoof\n", r"protocol\.txt:2: found a a second time, after .*:1"),
        ("a b c d e f g\n", "7 columns and no header"),
        ("utterance,attack\na,A01\n", "no column for the key"),
    ],
)
def test_what_is_no_protocol_is_refused(read, text, message):
    with pytest.raises(TableError, match=message):
        read(text)


def test_bona_fide_with_an_attack_of_spoofs_is_refused_where_columns_have_no_header(read):
    with pytest.raises(TableError, match=r"protocol\.txt:2: found bona fide with the attack 'A01' of spoofed trials"):
        read("s a - A01 spoof\ns b - A01 bonafide\n")
    assert read("file,method,key\na,mp3,spoof\nb,mp3,bonafide\n").attacks == ["mp3", "-"]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "bonafide", "spoof", "attacks"),
    [("train.trn", 2580, 22800, 6), ("dev.trl", 2548, 22296, 6), ("eval.trl", 7355, 63882, 13)],
)
def test_the_official_protocols(realdata, name, bonafide, spoof, attacks):
    folder = realdata / "asvspoof2019_la" / "ASVspoof2019_LA_cm_protocols"
    protocol = read_protocol(folder / f"ASVspoof2019.LA.cm.{name}.txt")
    assert Counter(protocol.keys) == {"bonafide": bonafide, "spoof": spoof}
    assert len(set(protocol.attacks) - {"-"}) == attacks
