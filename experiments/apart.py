"""A function by its name, and arguments in; what it returns out of a process that takes its memory along as it ends."""

import importlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def call_apart(module: str, function: str, *arguments: Any) -> Any:  # noqa: ANN401 - the function's
    """Call a function whose module is imported in another process alone; what it raises is raised here.

    Args:
        module: dotted path of the module.
        function: name of the function in it.
        arguments: of the function.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_call, module, function, *arguments).result()


def _call(module: str, function: str, *arguments: Any) -> Any:  # noqa: ANN401 - the function's
    return getattr(importlib.import_module(module), function)(*arguments)
