"""An alias in, the version that had it before out: ``spooflab rollback``; torch is not imported for it."""

import argparse
import json
from dataclasses import asdict

from experiments import registry
from experiments.promotion import rollback


def main(arguments: list[str]) -> int:
    """Roll back from the command line."""
    parser = argparse.ArgumentParser(prog="spooflab rollback", description="Give the alias back to the version before.")
    parser.add_argument("--name", default=registry.MODEL_NAME, help="of the registered model")
    parser.add_argument("--alias", default=registry.CHAMPION)
    parser.add_argument("--to", metavar="VERSION", help="another version that had the alias at any time")
    parser.add_argument("--why", default="", help="reason, kept in the history")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    done = rollback(options.name, options.alias, options.to, options.why)
    uri = f"models:/{options.name}@{options.alias}"
    if options.json:
        print(json.dumps({"name": options.name, "alias": options.alias, **asdict(done)}))
    elif done.changed:
        print(f"{uri} is version {done.version} again, in place of version {done.replaced}")
    else:
        print(
            f"{uri} is version {done.version} already, in place of version {done.replaced}: nothing is left to undo. "
            f"`spooflab registry` shows the history, `spooflab rollback --to VERSION` goes elsewhere"
        )
    return 0
