"""``main.py nodes``: what nodes there are."""

import argparse
import json
import sys

from engine.graph.spec import NodeSpec, object_info

from .arguments import add_folders, catalogue_of, folders_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``nodes``."""
    parser.add_argument("--json", action="store_true", help="as GET /object_info answers")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Print the nodes; 1 if a pack failed to load."""
    folders = folders_of(args)
    catalogue = catalogue_of(args, folders)
    specs = sorted((n.spec for n in catalogue.nodes.values()), key=lambda s: (s.category, s.id))
    if args.json:
        print(json.dumps({spec.id: object_info(spec, folders.list) for spec in specs}, indent=1))
    else:
        print("\n".join(line(spec) for spec in specs))
    failed = [pack for pack in catalogue.packs if pack.error]
    for pack in failed:
        print(f"Node pack '{pack.name}' failed to load:\n{pack.error}", file=sys.stderr)
    return 1 if failed else 0


def line(spec: NodeSpec) -> str:
    """One node in one line."""
    inputs = ", ".join(i.name for i in spec.inputs if i.section != "hidden")
    outputs = ", ".join(o.type for o in spec.outputs) or "-"
    return f"{spec.category:28} {spec.id:28} ({inputs}) -> {outputs}"
