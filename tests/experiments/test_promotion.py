"""Promotions are whole, one at a time and never forgotten, whoever is killed, in a file as through a server."""

import itertools
from collections import Counter

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from experiments import mlflow_store, promotion, promotion_journal, registry, tracking
from experiments.promotion import Decision, OvertakenError, promote, rollback
from experiments.promotion_journal import Entry, read, write
from experiments.registry_table import notices
from tests.mlflow_server import Server
from tests.promoters import at_once, kill_after, undoing
from tests.promoters import promotion as promotion_of

PASSED = Decision("passed all limits")
_numbers = itertools.count()


def made(versions: int) -> str:
    """A registered model of that many versions, which hold nothing: aliases are all that is looked at."""
    name, client = f"model {next(_numbers)}", mlflow_store.client()
    with tracking.run("any") as run_id:
        client.create_registered_model(name)
        for _ in range(versions):
            client.create_model_version(name, f"{tracking.get(run_id).info.artifact_uri}/model", run_id)
    return name


def state(name: str) -> tuple[str | None, str | None]:
    held = registry.aliases(name)
    return held.get("champion"), held.get("previous")


def moves(name: str) -> list[tuple[str, str, str | None]]:
    return [(entry.action, entry.version, entry.replaced) for entry in read(name).of("champion")]


@pytest.fixture
def server(place, tmp_path, monkeypatch):
    server = Server(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    monkeypatch.setattr(promotion, "_PATIENCE_S", 0.1)
    yield server.wait()
    server.kill()


def test_promoting_and_rolling_back_keep_their_history(place):
    name = made(3)
    assert promote("1", PASSED, name, instead_of=None).replaced is None
    assert state(name) == ("1", None)
    promote("2", PASSED, name, instead_of="1")
    promote("3", Decision("refused", why="a demo"), name, instead_of="2")
    assert state(name) == ("3", "2")
    done = rollback(name, why="it was worse")
    assert (done.version, done.replaced, state(name)) == ("2", "3", ("2", "3"))
    assert moves(name) == [
        ("promotion", "1", None),
        ("promotion", "2", "1"),
        ("forced", "3", "2"),
        ("rollback", "2", "3"),
    ]
    entries = read(name).of("champion")
    assert [entry.why for entry in entries] == ["", "", "a demo", "it was worse"]
    assert all(entry.by and entry.at for entry in entries)
    tags = registry.version_of(f"models:/{name}/3").tags
    assert (tags["promoted_from"], tags["promoted_why"], tags["promoted_by"]) == ("2", "a demo", entries[2].by)


def test_what_is_so_already_is_not_done_again(place):
    name = made(3)
    promote("1", PASSED, name, instead_of=None)
    promote("2", PASSED, name, instead_of="1")
    assert not promote("2", PASSED, name, instead_of="2").changed
    assert len(moves(name)) == 2
    assert rollback(name).changed
    assert not rollback(name).changed  # a rollback is undone by no other rollback
    assert state(name) == ("1", "2")
    assert rollback(name, to="2").changed
    assert state(name) == ("2", "1")


def test_there_is_nothing_to_go_back_to(place):
    name = made(2)
    promote("1", PASSED, name, instead_of=None)
    with pytest.raises(LookupError, match="nothing to go back to"):
        rollback(name)
    with pytest.raises(LookupError, match=rf"version 2 .* never was champion \(1 were\): .*--model models:/{name}/2 "):
        rollback(name, to="2")
    with pytest.raises(LookupError, match=rf"no such version: {name} has the versions 2, 1, and .* champion \(1\)$"):
        rollback(name, to="9")
    with pytest.raises(LookupError, match=rf"no model 'none such' in .*; there are the models .*{name}"):
        rollback("none such")


def test_a_uri_that_names_nothing_is_answered_with_what_there_is(place, tmp_path, monkeypatch):
    name = made(1)
    promote("1", PASSED, name, instead_of=None)
    for uri in (f"models:/{name}/9", f"models:/{name}@chalenger", f"models:/{name}", f"models:/{name}/x"):
        with pytest.raises(LookupError, match=rf"no such model .*; {name} has the versions 1, and .* champion \(1\)"):
            registry.version_of(uri)
    for uri in ("models:/nosuch/1", "models:/it's@champion", "models:/@champion"):
        with pytest.raises(LookupError, match=rf"no such model in .*; there are the models .*{name}"):
            registry.version_of(uri)
    with pytest.raises(LookupError, match=r"found '/nonexistent', expected models:/NAME@ALIAS, .*'s folder"):
        registry.version_of("/nonexistent")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(LookupError, match="no model is registered yet: `spooflab promote --model RUN`"):
        registry.version_of("models:/nosuch/1")


def test_a_registry_that_is_away_is_not_one_without_the_model(place, monkeypatch):
    def away(self, name: str, alias: str) -> None:
        raise MlflowException("refused")

    monkeypatch.setattr(mlflow.MlflowClient, "get_model_version_by_alias", away)
    with pytest.raises(ConnectionError, match="did not tell of models:/m@champion: refused"):
        registry.version_of("models:/m@champion")


def test_a_decision_about_another_champion_is_not_carried_out(place):
    name = made(3)
    promote("1", PASSED, name, instead_of=None)
    promote("2", PASSED, name, instead_of="1")
    with pytest.raises(OvertakenError, match=r"while version 1 was champion, and now version 2 is \(champion given to"):
        promote("3", PASSED, name, instead_of="1")
    assert state(name) == ("2", "1")


def test_a_place_in_the_journal_is_written_once(place):
    name = made(2)
    journal = read(name)
    first, second = (Entry(1, "champion", "promotion", version, None) for version in "12")
    assert write(journal, first) == first
    assert write(journal, second) == first
    assert read(name).entries == [first]


def test_a_move_by_hand_is_respected(place):
    name = made(3)
    promote("1", PASSED, name, instead_of=None)
    promote("2", PASSED, name, instead_of="1")
    mlflow_store.client().set_registered_model_alias(name, "champion", "3")
    with pytest.raises(OvertakenError, match="by hand"):
        promote("1", PASSED, name, instead_of="2")
    promote("1", PASSED, name, instead_of="3")
    assert state(name) == ("1", "3")


def test_a_deleted_version_blocks_nothing(place):
    name = made(3)
    promote("1", PASSED, name, instead_of=None)
    assert kill_after(1, promotion_of(name, "2", "1"))
    mlflow_store.client().delete_model_version(name, "2")
    promote("3", PASSED, name, instead_of="1")
    assert state(name) == ("3", "1")


@pytest.mark.parametrize("alias", ["v1", "V12", "latest", "Latest", "a b", "", "x" * 201, "previous", "candidate"])
def test_an_alias_that_nobody_may_give_is_refused_before_anything_is_written(place, alias):
    name = made(1)
    with pytest.raises(ValueError, match="--alias: found"):
        promote("1", PASSED, name, alias, instead_of=None)
    with pytest.raises(ValueError, match="--alias: found"):
        rollback(name, alias)
    assert (read(name).entries, registry.model(name).tags) == ([], {})


def test_an_alias_that_the_store_does_not_take_leaves_no_entry(place, monkeypatch):
    name = made(2)
    with monkeypatch.context() as lenient:  # towards MLflow, which is asked for real
        lenient.setattr(registry, "require_free", lambda alias: None)
        for _ in range(2):
            with pytest.raises(ValueError, match=r"v1 was not given to version 2: .*reserved.*another --alias"):
                promote("2", PASSED, name, "v1", instead_of=None)
    journal = read(name)
    assert (journal.entries, [entry.number for entry in journal.refused]) == ([], [1, 2])
    assert notices(journal, registry.aliases(name)) == []


def test_what_was_cut_off_of_any_alias_is_settled_by_whoever_comes_next(place):
    """As an entry of an alias that MLflow does not take, which versions of before wrote, and never got rid of."""
    name = made(2)
    for alias in ("v1", "a b", "challenger"):
        write(read(name), Entry(1, alias, "promotion", "2", None))
    assert len(notices(read(name), {})) == 3
    promote("1", PASSED, name, instead_of=None)
    assert registry.aliases(name) == {"champion": "1", "challenger": "2"}
    assert [entry.alias for entry in read(name).entries] == ["challenger", "champion"]
    assert notices(read(name), registry.aliases(name)) == []


def test_a_renamed_model_keeps_its_journal(place):
    name = made(2)
    promote("1", PASSED, name, instead_of=None)
    mlflow_store.client().rename_registered_model(name, f"{name} renamed")
    promote("2", PASSED, f"{name} renamed", instead_of="1")
    assert len(moves(f"{name} renamed")) == 2


def test_a_reason_too_long_for_the_journal_is_refused(place):
    name = made(1)
    with pytest.raises(ValueError, match="expected at most 1,000"):
        promote("1", Decision("refused", why="x" * 1001), name, instead_of=None)
    assert state(name) == (None, None)


def kill_everywhere(every: int = 1) -> int:
    """Kill promotions and rollbacks after each of their writes, or every so many; return how often that was."""
    name, kills = made(20), 0
    promote("1", PASSED, name, instead_of=None)
    for version, writes in zip(map(str, range(2, 21)), itertools.count(1, every), strict=False):
        old, before = registry.holder(name, "champion"), moves(name)
        if not kill_after(writes, promotion_of(name, version, old)):
            break
        require_whole(name, before, {old, version})
        promote(version, PASSED, name, instead_of=old)
        require_done(name, before, ("promotion", version, old))
        kills += 1
    for writes in itertools.count(1, every):
        new, old = state(name)
        before = moves(name)
        if not kill_after(writes, undoing(name)):
            break
        require_whole(name, before, {old, new})
        rollback(name)
        require_done(name, before, ("rollback", old, new))
        promote(new, PASSED, name, instead_of=old)
        kills += 1
    return kills


def require_whole(name, before, champions) -> None:
    champion, previous = state(name)
    assert champion in champions
    assert champion != previous
    assert moves(name)[: len(before)] == before


def require_done(name, before, move) -> None:
    assert state(name) == move[1:]
    assert moves(name) == [*before, move]
    assert read(name).pending("champion") is None


def test_killed_after_any_write_the_same_command_completes_it(place):
    assert kill_everywhere() > 15


def test_what_was_cut_off_is_completed_before_it_is_undone(place):
    name = made(2)
    promote("1", PASSED, name, instead_of=None)
    assert kill_after(1, promotion_of(name, "2", "1"))
    assert state(name) == ("1", None)
    assert rollback(name).version == "1"
    assert state(name) == ("1", "2")
    assert [action for action, *_ in moves(name)] == ["promotion", "promotion", "rollback"]


def race() -> None:
    """Of promotions at once one is carried out, and the others say which; of rollbacks one is, and all agree."""
    name = made(6)
    promote("1", PASSED, name, instead_of=None)
    answers = at_once([promotion_of(name, version, "1") for version in "23456"])
    winners = [version for version, answer in zip("23456", answers, strict=True) if answer == "done"]
    assert len(winners) == 1, answers
    assert all(f"given to version {winners[0]}" in answer or answer == "done" for answer in answers), answers
    assert state(name) == (winners[0], "1")
    assert moves(name)[1:] == [("promotion", winners[0], "1")]

    assert Counter(at_once([undoing(name)] * 3)) == {"done": 1, "was so already": 2}
    assert state(name) == ("1", winners[0])
    assert moves(name)[2:] == [("rollback", "1", winners[0])]


def test_one_of_many_at_once_wins_and_the_others_say_so(place):
    race()


@pytest.mark.slow
def test_through_a_server_too(server):
    assert mlflow.get_tracking_uri().startswith("http:")
    assert kill_everywhere(every=3) > 5
    race()


def test_who_is_known_even_without_a_name(monkeypatch):
    def nobody() -> str:
        raise KeyError

    monkeypatch.setattr(promotion_journal.getpass, "getuser", nobody)
    assert promotion_journal.who().startswith("uid ")
