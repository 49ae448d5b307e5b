"""The command line of Latent Loom: ``python main.py [command] [flags]``."""

import importlib
import sys

from engine import __version__

COMMANDS = {
    "serve": "serve the canvas and the API (the default)",
    "run": "run a workflow without a server",
    "check": "list all faults of a workflow",
    "plan": "tell what running a workflow would do, and how long it would take",
    "convert": "turn a canvas workflow into an API-format prompt",
    "diff": "compare two workflows, layout aside",
    "queue": "look at a running server's queue, cancel, retry, pause",
    "nodes": "list the nodes",
    "packs": "tell what became of each node pack, and what it lacks here",
    "new-pack": "write a node pack to start from",
    "doctor": "tell what this installation is and what is wrong with it",
    "users": "say who may use the server, and make tokens for programs",
}


def main(argv: list[str] | None = None) -> int:
    """Run the command that the arguments name; its exit code."""
    from engine.commands.arguments import Parser

    argv = sys.argv[1:] if argv is None else argv
    name = argv[0] if argv and argv[0] in COMMANDS else "serve"
    module = importlib.import_module("engine.commands." + name.replace("-", "_"))
    about = f"{COMMANDS[name][0].upper()}{COMMANDS[name][1:]}."
    parser = Parser(prog=f"main.py {name}", description=about, allow_abbrev=False)
    if name == "serve":
        parser.epilog = "Commands: " + "; ".join(f"{c}: {text}" for c, text in COMMANDS.items())
        parser.epilog += ". Each has its own --help."
        parser.add_argument("--version", action="version", version=f"Latent Loom {__version__}")
    module.add_arguments(parser)
    args = parser.parse_args(argv[1:] if argv and argv[0] == name else argv)
    code: int = module.run(args)
    return code


if __name__ == "__main__":
    sys.exit(main())
