"""``main.py new-pack NAME``: a node pack to start from, with a test and a workflow."""

import argparse
import re
import sys
from pathlib import Path

from .arguments import add_folders, folders_of

TEMPLATE = Path(__file__).with_name("pack_template")
#: What stands in the template for the pack's names.
_NAME, _TITLE, _PREFIX = "my_pack", "My Pack", "MyPack"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``new-pack``."""
    parser.add_argument("name", help="small letters, digits and _, such as film_grain")
    add_folders(parser)


def run(args: argparse.Namespace) -> int:
    """Write the pack below custom_nodes; 2 if the name is no good or taken."""
    name = args.name.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        said = "begin with a small letter and go on with small letters, digits and _"
        print(f"'{args.name}' cannot be the name of a pack: it must {said}.", file=sys.stderr)
        return 2
    folder = folders_of(args).custom_nodes[0] / name
    if folder.exists():
        print(f"{folder} is there already; choose another name.", file=sys.stderr)
        return 2
    write(folder)
    print(f"{folder} is ready. Its README.md tells what to do next.")
    return 0


def write(folder: Path) -> None:
    """Copy the template under the names that belong to a folder's name."""
    words = [word.capitalize() for word in folder.name.split("_") if word]
    names = {_NAME: folder.name, _TITLE: " ".join(words), _PREFIX: "".join(words)}
    for file in sorted(p for p in TEMPLATE.rglob("*") if p.is_file() and p.suffix != ".pyc"):
        text = file.read_text("utf-8")
        for there, here in names.items():
            text = text.replace(there, here)
        path = file.relative_to(TEMPLATE).as_posix().removesuffix(".txt")
        place = folder / path.replace(_NAME, folder.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
