"""What is known of functions and methods by their names: what they change, share and keep."""

from __future__ import annotations

import ast
from collections.abc import Sequence

# Calls that can reach any name of the session.
OPAQUE_CALLS = frozenset({"exec", "eval", "globals", "locals", "vars", "__import__"})

_VIEWS = """
get items keys ravel reshape squeeze swapaxes to_numpy transpose values view
"""
_FRESH = """
h5 table image lmf verify fetch retrieve facets path metadata files
all any argmax argmin argsort array astype base close corr count cumsum decode
describe diff dot dtypes dropna encode endswith fillna find flatten flush groupby head index info isin isna
isnull isoformat item iterrows itertuples join loc lower max mean median merge min nonzero norm nunique
prod quantile query read readline readlines replace resample rolling round sample select
shape show sort_values split splitlines startswith std strftime strip sum tail take to to_dict
tobytes tolist unique upper value_counts var visit where zfill
"""
_FUNCTIONS = """
print display len repr str type isinstance id bool int float sum min max sorted hash format dir help callable abs
round all any range zip enumerate reversed issubclass hasattr ord chr divmod pow iter filter
"""
# Methods that change nothing; what the views give is a way to the object itself, and a copy may share its parts.
VIEW_METHODS = frozenset(_VIEWS.split())
COPIES = frozenset({"copy", "reset_index"})
PURE_METHODS = VIEW_METHODS | COPIES | frozenset(_FRESH.split())
PURE_FUNCTIONS = frozenset(_FUNCTIONS.split())
# Functions that give the parts of what they are given: as a new container, or one by one.
GATHERERS = frozenset(
    {"list", "tuple", "set", "dict", "sorted", "reversed", "zip", "enumerate", "iter", "filter", "map", "chain",
     "islice", "deque", "frozenset", "copy", "OrderedDict", "vars"}
)  # fmt: skip
# Methods that change their object and nothing within it; the second set puts what it is given into it as a part.
PUTTING = frozenset({"append", "appendleft", "add", "extend", "insert", "setdefault", "update", "__setitem__"})
REMOVING = frozenset({"pop", "popleft", "popitem", "remove", "discard", "clear"})
SHALLOW_METHODS = PUTTING | REMOVING | frozenset({"sort", "reverse", "drop", "rename", "set_index", "put"})
# Functions of libraries whose first argument is what they write, not what they change.
PURE_PREFIXES = (
    "save",
    "dump",
    "write",
    "print",
    "display",
    "to_",
    "imsave",
    "imwrite",
    "copy",
    "move",
    "assert_",
    "log",
)
_DRAWING = """
plot scatter imshow hist hist2d bar barh errorbar fill fill_between pcolormesh pcolor contour contourf step stem
semilogx semilogy loglog text annotate legend axvline axhline vlines hlines boxplot violinplot matshow quiver
streamplot colorbar suptitle title xlabel ylabel xlim ylim figure show hexbin pie lineplot scatterplot histplot
heatmap set set_title set_xlabel set_ylabel set_data
"""
# Methods that take arguments and leave them as they are.
DRAWING = frozenset(_DRAWING.split())
# Functions of libraries whose result is another way to what they were given.
VIEWS = frozenset(
    {"asarray", "asanyarray", "ascontiguousarray", "atleast_1d", "atleast_2d", "atleast_3d", "ravel", "transpose",
     "reshape", "squeeze", "split", "array_split", "hsplit", "vsplit", "dsplit", "frombuffer", "broadcast_to",
     "moveaxis", "swapaxes", "rollaxis", "expand_dims", "flip", "fliplr", "flipud", "rot90", "diagonal", "real", "imag",
     "as_strided", "sliding_window_view", "nditer", "ndenumerate", "from_numpy", "from_dlpack", "from_array", "writer",
     "ref", "proxy", "memoryview", "partial", "tee", "cycle", "nullcontext", "closing"}
)  # fmt: skip
# Functions of libraries that change an argument though somebody takes what they give: which one.
CHANGING = {"heappush": 0, "heappop": 0, "heappushpop": 0, "heapreplace": 0, "copyto": 0, "copyfileobj": 1}
# Arguments that are there to be changed.
OUTPUTS = frozenset({"out", "ax", "axes", "fig", "figure", "buf", "buffer"})
# What makes a buffer: a thing in memory that others write into.
BUFFERS = frozenset(
    {"StringIO", "BytesIO", "bytearray", "TextIOWrapper", "BufferedWriter", "TemporaryFile", "SpooledTemporaryFile"}
)
# Attributes that are the object itself, seen in another way.
FACES = frozenset({"loc", "iloc", "at", "iat", "flat", "T", "values", "real", "imag"})

# Functions and methods that give one of several things, or some of them, as they are.
SELECTING = frozenset(
    {"next", "max", "min", "pop", "popleft", "popitem", "get", "setdefault", "choice", "choices", "sample", "first",
     "last"}
)  # fmt: skip
# Functions of libraries that put several things together to one array or table.
STACKING = frozenset(
    {"array", "asarray", "stack", "vstack", "hstack", "dstack", "concatenate", "concat", "Series", "column_stack",
     "row_stack", "block", "bmat", "sum", "nansum", "from_iterable",
     "open_mfdataset", "combine_by_coords", "combine_nested"}
)  # fmt: skip
# The same, of things that they are given one by one.
JOINING = frozenset({"append", "insert", "merge", "merge_asof", "merge_ordered", "union1d", "chain"})
# Functions and methods that give the same things in another form or order, or cut in pieces.
RESHAPING = frozenset(
    {"split", "array_split", "hsplit", "vsplit", "dsplit", "reshape", "ravel", "flatten", "squeeze", "transpose",
     "swapaxes", "moveaxis", "flip", "fliplr", "flipud", "roll", "rot90", "atleast_1d", "atleast_2d", "tolist"}
)  # fmt: skip
# Functions that give some of several things, in a new container.
SHORTENING = frozenset({"islice", "takewhile", "dropwhile", "compress", "nlargest", "nsmallest", "sample", "choices"})
# Methods whose result has the same parts as their object: tables by column.
KEEPS_PARTS = frozenset(
    {"copy", "head", "tail", "dropna", "fillna", "sort_values", "sort_index", "reset_index", "groupby", "astype",
     "round", "query", "sample", "compute", "persist", "load", "result", "interpolate", "rolling", "mean", "sum"}
)  # fmt: skip
# Functions that give nothing.
NOTHING = frozenset({"print", "display", "help"})

# Of these, together:
KEEPS_NOTHING = DRAWING | PURE_METHODS | PURE_FUNCTIONS
LEAVES_ARGUMENTS = SHALLOW_METHODS | DRAWING
HANDS_ON_NOTHING = LEAVES_ARGUMENTS | PURE_METHODS
NEW_VALUES = PURE_FUNCTIONS | GATHERERS | {"str"}


def shows_itself(method: str, arguments: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> bool:
    """Whether a method only draws its own object: ``ds.plot()``, ``df.plot("x")``, but not ``ax.plot(y)``."""
    named = all(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in arguments)
    return method == "plot" and named and all(word.arg != "data" for word in keywords)


def is_maker(name: str) -> bool:
    """Whether a function of this name is most likely a class: ``Thread``, ``DataFrame``, not ``read_csv``."""
    return name.lstrip("_")[:1].isupper() and not name.isupper()
