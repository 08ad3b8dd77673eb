"""An alias in, the version that had it before out: ``spooflab rollback``."""

import argparse

from experiments import registry


def main(arguments: list[str]) -> int:
    """Roll back from the command line."""
    parser = argparse.ArgumentParser(prog="spooflab rollback", description="Give the alias back to the version before.")
    parser.add_argument("--name", default=registry.MODEL_NAME, help="of the registered model")
    parser.add_argument("--alias", default=registry.CHAMPION)
    options = parser.parse_args(arguments)
    done = registry.rollback(options.name, options.alias)
    print(
        f"models:/{options.name}@{options.alias} is version {done.version} again, in place of version {done.replaced}"
    )
    return 0
