"""The command is instant to help, and clear about what it does not know."""

import subprocess
import sys
from importlib.metadata import version

import pytest

from experiments.cli import COMMANDS, main


def test_help_lists_every_command(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"spooflab {version('spooflab')}\n"


def test_no_command_and_an_unknown_one_exit_with_2(capsys):
    assert main([]) == 2
    assert main(["tran"]) == 2
    assert "no command 'tran'" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"spooflab {command}" in capsys.readouterr().out


def test_help_imports_neither_torch_nor_mlflow():
    code = (
        "import sys; from experiments.cli import main; main(['--help']); print({'torch', 'mlflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("set()")


def test_an_error_is_one_line(place, capsys):
    assert main(["score", "nowhere.wav", "--model", "models:/unheard-of@champion"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("spooflab score: models:/unheard-of@champion: no such model")
    assert len(err.strip().splitlines()) == 1
