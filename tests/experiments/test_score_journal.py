"""What was written whole is kept, what was half written is cut, and what is not known to belong there is refused."""

import pytest

from experiments.score_journal import is_unfinished, opened, recipe_beside, settle_known

RECIPE = {"model_sha256": "m", "window_s": None}


def first_word(line):
    if line == "damaged":
        raise ValueError(line)
    return line.split()[0]


def known(path, *due, recipe=RECIPE):
    left = dict.fromkeys(due, True)

    def settle(name):
        was_due = left.get(name)
        left[name] = False if was_due is not None else None
        return was_due

    with opened(path, recipe) as journal:
        return settle_known(journal, first_word, settle, "{} is not due".format)


def test_lines_outlive_a_process_that_never_closed_the_file(tmp_path):
    path = tmp_path / "scores.txt"
    with opened(path, RECIPE) as journal:
        journal.add("a 1")
        assert path.read_text() == "a 1\n"


def test_a_half_written_line_is_cut_and_written_again(tmp_path):
    path = tmp_path / "scores.txt"
    with opened(path, RECIPE) as journal:
        journal.add("a 1")
    with path.open("a") as file:
        file.write("b 2.71")
    with opened(path, RECIPE) as journal:
        assert settle_known(journal, first_word, lambda _: True, str) == 1
        journal.add("b 2.718")
    assert path.read_text() == "a 1\nb 2.718\n"


def test_names_need_not_be_utf_8(tmp_path):
    path, name = tmp_path / "scores.txt", b"caf\xe9".decode(errors="surrogateescape")
    with opened(path, RECIPE) as journal:
        journal.add(f"{name} 1")
    assert path.read_bytes() == b"caf\xe9 1\n"
    assert known(path, name) == 1


def test_a_file_is_unfinished_until_it_is_said_to_be(tmp_path):
    path = tmp_path / "scores.txt"
    with opened(path, RECIPE) as journal:
        assert is_unfinished(path)
        journal.finish({"bad": 1})
    assert not is_unfinished(path)
    assert recipe_beside(path) == {**RECIPE, "finished": {"bad": 1}}
    assert not is_unfinished(tmp_path / "of_another_toolkit.txt")
    with opened(path, RECIPE):
        assert is_unfinished(path)


def test_another_recipe_is_refused_and_again_begins_anew(tmp_path):
    path = tmp_path / "scores.txt"
    with opened(path, RECIPE) as journal:
        journal.add("a 1")
    other = {**RECIPE, "model_sha256": "n"}
    with pytest.raises(ValueError, match="model_sha256 m instead of n"), opened(path, other):
        pass
    assert path.read_text() == "a 1\n"
    with opened(path, other, again=True):
        assert path.read_text() == ""


def test_lines_of_unknown_origin_are_refused(tmp_path):
    path = tmp_path / "scores.txt"
    path.write_text("a 1\n")
    with pytest.raises(ValueError, match="not what made them"), opened(path, RECIPE):
        pass
    assert path.read_text() == "a 1\n"


@pytest.mark.parametrize(
    ("line", "said"), [("damaged", "a line of"), ("a 2", "a second score, a"), ("c 3", "c is not due")]
)
def test_a_line_that_does_not_belong_is_named(tmp_path, line, said):
    path = tmp_path / "scores.txt"
    with opened(path, RECIPE) as journal:
        journal.add("a 1")
        journal.add(line)
    with pytest.raises(ValueError, match=rf"scores\.txt:2: found .*{said}"):
        known(path, "a", "b")


def test_two_writers_are_one_too_many(tmp_path):
    path = tmp_path / "scores.txt"
    with opened(path, RECIPE), pytest.raises(OSError, match="another process"), opened(path, RECIPE):
        pass
