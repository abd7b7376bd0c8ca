"""What flowed where: an abstract run of the cells in the order of their execution.

It answers one question: which datasets and files, and whose code, led to this result? It knows names, containers,
functions, loops and changes in place by the rules of the language, and it knows from the hooks at which place of the
code a file was really read or written. It never looks at values, and never runs anything.
"""

from __future__ import annotations

from .chain import Chain, kind_of_module
from .loaded import names_in
from .sources import Sources
from .trace import Event, Place, Trace

__all__ = ["Chain", "Event", "Place", "Sources", "Trace", "kind_of_module", "names_in"]
