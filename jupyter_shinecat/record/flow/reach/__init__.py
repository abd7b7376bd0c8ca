"""What surely reaches a value: the certain part of the flow.

The abstract run of the cells knows all that may have flowed in. Here it is asked of each statement what of this surely
reached its value, what it changed and the files that it wrote: through operators, arguments of calls and displays that
stay whole; through functions of the session by their own code, gone through with what they were given and what is known
to have happened in it. What is not understood here is not certain.
"""

from __future__ import annotations

from .bodies import Body
from .loops import overwritten
from .plain import is_plain
from .reaching import TooMuchError, parts_of
from .spots import Spots
from .values import REST, Value, mix

__all__ = ["REST", "Body", "Spots", "TooMuchError", "Value", "is_plain", "mix", "overwritten", "parts_of"]
