"""Words on the command line in, one command run: ``spooflab COMMAND …``."""

import importlib
import importlib.metadata
import os
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from experiments.interrupts import INTERRUPTED, terminated_by_ctrl_c


class Command(NamedTuple):
    """Where a command lives: imported only when asked for, so that help and errors are instant."""

    module: str
    help: str
    after_interruption: str = "the same command goes on from here"


COMMANDS = {
    "corpus": Command("experiments.corpus", "build the embedded corpus, check a corpus"),
    "train": Command(
        "experiments.train", "train one tracked run", "the same command with `--ckpt last` goes on from the last epoch"
    ),
    "sweep": Command("sweeps.command", "search hyperparameters; the same command resumes"),
    "import-weights": Command("experiments.import_weights", "make a run, and a registered model, of published weights"),
    "compress": Command("experiments.compress", "smaller and faster forms of a model, in one table; register one"),
    "fuse": Command("experiments.fuse", "make one detector of several, by their scores, fitted on dev"),
    "prune": Command("experiments.prune", "remove weights or channels of a trained model, and train it after"),
    "evaluate": Command("experiments.evaluate", "score a partition, log metrics and plots on the model's run"),
    "robustness": Command("experiments.robustness", "EER against noise and codecs; several models in a figure"),
    "compare": Command("experiments.compare", "runs side by side on the same trials: errors, attacks, costs, settings"),
    "report": Command("experiments.report", "all that is known of a run or a sweep, on one page for anyone"),
    "metrics": Command("experiments.metrics", "every metric of any score file, with intervals; compare two files"),
    "promote": Command("experiments.promote", "register a model and give it an alias, if the gate lets it pass"),
    "rollback": Command("experiments.rollback", "give the alias back to the version that had it before"),
    "registry": Command("experiments.registry_table", "versions, aliases and history of a registered model"),
    "score": Command("experiments.score", "score audio files, folders, a table or a partition; goes on where it was"),
    "explain": Command(
        "experiments.explain",
        "why recordings have their scores, in pictures, words and sound, held against chance",
        "recordings that were explained have their files",
    ),
    "drift": Command("experiments.drift", "what moved since a reference: scores, decisions, and the audio itself"),
    "summary": Command("sweeps.summary", "what a sweep found, in one table, and what to type next"),
    "serve": Command("experiments.serve", "serve the registered model over HTTP"),
    "app": Command("experiments.app", "a web page that judges recordings, and shows why"),
    "ui": Command("experiments.ui", "open the MLflow UI on the same store"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 failed, 2 asked wrongly, 130 interrupted (Ctrl-C, SIGTERM).

    ``drift`` also returns 3: something drifted. Errors that a person can mend are one line on stderr;
    set ``SPOOFLAB_TRACEBACK=1`` to see where they came from.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(_help())
        return 0 if words else 2
    if words[0] == "--version":
        print(f"spooflab {importlib.metadata.version('spooflab')}")
        return 0
    name, rest = words[0], words[1:]
    if name not in COMMANDS:
        print(f"spooflab: no command {name!r}; there are {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    run: Callable[[list[str]], int] = importlib.import_module(COMMANDS[name].module).main
    try:
        with terminated_by_ctrl_c():
            return run(rest)
    except KeyboardInterrupt:
        print(f"\nspooflab: interrupted; {COMMANDS[name].after_interruption}", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError, LookupError, RuntimeError) as error:
        if os.environ.get("SPOOFLAB_TRACEBACK"):
            raise
        print(f"spooflab {name}: {error}", file=sys.stderr)
        return 1


def _help() -> str:
    lines = [f"  {name:<14} {command.help}" for name, command in COMMANDS.items()]
    return "\n".join(["usage: spooflab COMMAND …   (spooflab COMMAND --help, spooflab --version)", "", *lines])


if __name__ == "__main__":
    sys.exit(main())
