"""Every exception of the engine, in one tree.

LoomError
├── InvalidPrompt          what was sent is not a prompt, or cannot run
├── InvalidWorkflow        a canvas file that cannot be turned into a prompt
├── NodeError              a node cannot do its work; the text tells the user what to do
│   ├── InvalidInput       a value that passed validation but means nothing here
│   ├── ModelFileError     a weight file that is missing, damaged or of an unknown family
│   └── PackLost           the process of an isolated node pack ended, or never began
├── InvalidManifest        what a node pack says of itself cannot be understood
├── InvalidFolderConfig    a YAML file of model paths that cannot be read
├── PathOutsideRoot        a name that leaves the folder it must stay in
├── JobConflict            a job id that is already taken
├── AccountError           an account that cannot be made or changed like this
└── WorkerLost             the worker process ended while a job was running

Interrupted                a run was cancelled: not an error, so it is outside the tree

Invariant: every text is a sentence for the person who reads it: what was found, where, what
is allowed and what to do.
"""

from collections.abc import Mapping
from typing import Any


class LoomError(Exception):
    """Base of all errors that the engine raises on purpose."""


class InvalidPrompt(LoomError):
    """A prompt that cannot be queued, in the shape that API clients expect.

    Attributes:
        type: machine-readable kind, such as ``prompt_no_outputs``.
        details: the longer text.
        extra_info: facts for programs.
        node_errors: per node id, the faults found there.
    """

    def __init__(
        self,
        type: str,
        message: str,
        details: str = "",
        extra_info: Mapping[str, Any] | None = None,
        node_errors: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.type = type
        self.message = message
        self.details = details
        self.extra_info = dict(extra_info or {})
        self.node_errors = dict(node_errors or {})

    def body(self) -> dict[str, Any]:
        """The JSON body of the 400 answer."""
        error = {
            "type": self.type,
            "message": self.message,
            "details": self.details,
            "extra_info": self.extra_info,
        }
        return {"error": error, "node_errors": self.node_errors}


class InvalidWorkflow(LoomError):
    """A canvas workflow whose structure cannot be read."""


class InvalidFolderConfig(LoomError):
    """A YAML file of model paths that cannot be read."""


class NodeError(LoomError):
    """A node cannot do its work; the message is shown to the user as it is."""


class InvalidInput(NodeError):
    """An input value that is well-formed but means nothing to this node."""


class ModelFileError(NodeError):
    """A weight file is missing, damaged, unsafe or of an unknown family."""


class PackLost(NodeError):
    """The process of an isolated node pack ended, or it could not be started."""


class InvalidManifest(LoomError):
    """What a node pack says of itself cannot be understood."""


class PathOutsideRoot(LoomError):
    """A name that would leave the folder it has to stay in."""


class JobConflict(LoomError):
    """A job with this id exists already."""


class WorkerLost(LoomError):
    """The worker process ended while a job was running."""


class AccountError(LoomError):
    """An account that cannot be made or changed like this."""


class Interrupted(Exception):
    """The user cancelled the run; raised between steps and never caught as an error."""
