"""``main.py queue``: look at the queue of a running server and change it."""

import argparse
import json
import sys
import urllib.error
import urllib.request
from typing import Any

ACTIONS = {
    "ls": "list what runs and waits",
    "cancel": "cancel the jobs of these ids, or all with --all",
    "retry": "queue the work of these jobs once more",
    "front": "let these waiting jobs go first",
    "pause": "hand out no more jobs",
    "resume": "hand out jobs again",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of ``queue``."""
    about = "; ".join(f"{name}: {text}" for name, text in ACTIONS.items())
    parser.add_argument("action", choices=ACTIONS, help=about)
    parser.add_argument("ids", nargs="*", help="job ids")
    parser.add_argument("--all", action="store_true", help="with cancel: every job")
    parser.add_argument(
        "--server", default="http://127.0.0.1:8188", metavar="URL", help="default: this computer"
    )
    parser.add_argument("--json", action="store_true", help="with ls: as GET /jobs answers")


def run(args: argparse.Namespace) -> int:
    """Do it; 1 if the server refuses or a job is not there, 2 if no server answers."""
    try:
        return _act(args)
    except urllib.error.HTTPError as error:
        print(_refusal(error), file=sys.stderr)
        return 1
    except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
        reason = getattr(error, "reason", error)
        print(
            f"No server answers on {args.server} ({reason}); name it with --server.",
            file=sys.stderr,
        )
        return 2


def _act(args: argparse.Namespace) -> int:
    if args.action in ("pause", "resume"):
        call(args.server, f"/x/queue/{args.action}", {})
        return 0
    if args.action == "ls":
        return _list(args)
    ids = _all_ids(args.server) if args.action == "cancel" and args.all else args.ids
    if not ids and not args.all:
        print(
            f"Name the jobs to {args.action} by their ids; `queue ls` lists them.", file=sys.stderr
        )
        return 2
    return max((_change(args.server, args.action, id) for id in ids), default=0)


def _change(server: str, action: str, id: str) -> int:
    if action == "retry":
        print(call(server, f"/x/jobs/{id}/retry", {})["prompt_id"])
        return 0
    if action == "cancel":
        done = call(server, f"/jobs/{id}/cancel", {})["cancelled"]
    else:
        done = call(server, f"/x/jobs/{id}/move", {"front": True})["moved"]
    if not done:
        print(
            f"{id} neither waits nor runs." if action == "cancel" else f"{id} does not wait.",
            file=sys.stderr,
        )
    return 0 if done else 1


def _waiting(server: str) -> dict[str, Any]:
    found: dict[str, Any] = call(server, "/jobs?status=in_progress,pending&sort_order=asc")
    return found


def _all_ids(server: str) -> list[str]:
    return [job["id"] for job in _waiting(server)["jobs"]]


def _list(args: argparse.Namespace) -> int:
    found = _waiting(args.server)
    if args.json:
        print(json.dumps(found))
        return 0
    for job in sorted(found["jobs"], key=lambda job: (job["status"] == "pending", job["priority"])):
        print(f"{job['id']}  {job['status']:11}  {job['priority']:g}")
    if call(args.server, "/x/queue")["paused"]:
        print("The queue is paused.", file=sys.stderr)
    return 0


def call(server: str, path: str, body: Any = None) -> Any:
    """The JSON answer of a route: POST if there is a body, else GET."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{server.rstrip('/')}{path}", data)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _refusal(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return str(error)
