"""Models in, a web page for everyone out: ``spooflab app``; an optional extra, that works without a network."""

import argparse
import os
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from experiments import listening, registry
from experiments.interrupts import INTERRUPTED
from experiments.threads import share, use
from experiments.web.examples import examples
from experiments.web.shelf import Shelf

CORPUS = Path("data/minispoof")


def main(arguments: list[str]) -> int:
    """Serve the page until interrupted.

    Raises:
        RuntimeError: the extra is not installed.
        ValueError: there is no corpus where examples are to be taken from.
        OSError: the address cannot be listened on.
    """
    options = _parser().parse_args(arguments)
    if find_spec("gradio") is None:
        raise RuntimeError("the web page needs gradio, which is not installed: `pip install 'spooflab[app]'`")
    from experiments.web.page import STYLE, THEME, page  # noqa: PLC0415 - an optional extra

    if options.examples is not None and not options.examples.is_dir():
        raise ValueError(
            f"--examples: found no folder {options.examples}, expected a corpus in the layout of ASVspoof 2019 LA: "
            "`spooflab corpus build` makes one"
        )
    listening.require_free(options.host, options.port)
    use(share())
    shelf = Shelf(options.model)
    for model in options.model:
        shelf.take(model)  # what is wrong with it is told here, not to the first visitor
    blocks = page(shelf, examples(options.examples or CORPUS), options.model[0])
    print(f"http://{options.host}:{options.port}", file=sys.stderr, flush=True)
    try:
        blocks.queue(default_concurrency_limit=1).launch(
            server_name=options.host,
            server_port=options.port,
            quiet=True,
            share=False,
            theme=THEME,
            css=STYLE,
            footer_links=[],
            max_file_size="32mb",
            ssr_mode=False,
            prevent_thread_lock=True,
        )
        threading.Event().wait()
    except KeyboardInterrupt:
        _end()
    return 0


def _end() -> NoReturn:
    """End at once, whatever other threads compute.

    They cannot be told to stop, and an interpreter that is taken down under C++ code aborts with a message of its own.
    """
    print("\nspooflab: interrupted; the page is no longer served", file=sys.stderr, flush=True)
    os._exit(INTERRUPTED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spooflab app", description="A web page that judges recordings.")
    parser.add_argument(
        "--model",
        nargs="+",
        metavar="M",
        default=[f"models:/{registry.MODEL_NAME}@{registry.CHAMPION}"],
        help="models:/NAME@ALIAS, models:/NAME/VERSION, id of an evaluated run, or a `countermeasure` folder; the "
        "first judges, until another is picked on the page, where all that are registered are offered too",
    )
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 opens it to the network; there is no password")
    parser.add_argument("--port", type=listening.port, default=7860)
    parser.add_argument(
        "--examples", type=Path, metavar="DIR", help=f"corpus to take examples from; {CORPUS} where there is one"
    )
    return parser
