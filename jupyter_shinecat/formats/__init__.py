"""Scientific files: sniff, walk and extract, in a child process.

Nothing here loads h5py into the caller: :class:`Sandbox` reads files in child processes.
"""

from __future__ import annotations

from .child import SandboxError
from .model import Data, Extract, Failure
from .sandbox import Sandbox
from .sniff import sniff

__all__ = ["Data", "Extract", "Failure", "Sandbox", "SandboxError", "sniff"]
