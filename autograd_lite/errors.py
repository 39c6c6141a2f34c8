"""Every exception of autograd_lite's own, and the tree of them all.

    AutogradLiteError
    ├── GraphError            the graph cannot be differentiated or walked
    │   ├── NotInGraphError   a value is not an ancestor of the root
    │   ├── StaleGraphError   `.data` changed since the forward pass
    │   └── TraceError        a placeholder's value was asked for
    ├── CompileError          a graph cannot become a program
    ├── NonFiniteError        training met inf or nan (also an ArithmeticError)
    ├── FormatError           a file is not what it claims (also a ValueError)
    │
    │   and where only one room needs them:
    ├── ExpressionError       expressions: a text cannot be read (also a ValueError)
    ├── EngineNotFoundError   drawing.render: no layout engine is installed
    │                         (also a graphviz.ExecutableNotFound)
    ├── LayoutTimeoutError    drawing.render: the engine took too long (also a TimeoutError)
    └── LayoutSizeError       drawing.render: the engine wrote too much

Wrong types are TypeError and wrong numbers ValueError, as everywhere in Python.
Operations never raise for a numeric reason: they return inf or nan (IEEE 754).

>>> issubclass(NotInGraphError, GraphError), issubclass(FormatError, ValueError)
(True, True)
"""


class AutogradLiteError(Exception):
    """The root of the tree: catch this to catch them all."""


class GraphError(AutogradLiteError):
    """The graph cannot be differentiated or walked."""


class NotInGraphError(GraphError):
    """The result does not depend on the value that was named."""


class StaleGraphError(GraphError):
    """A node no longer equals its row at its parents' present data."""


class TraceError(GraphError):
    """The number in a placeholder was asked for while recording."""


class CompileError(AutogradLiteError):
    """The graph cannot become an array program."""


class NonFiniteError(AutogradLiteError, ArithmeticError):
    """Training met a value that is inf or nan; the text names the first one."""


class FormatError(AutogradLiteError, ValueError):
    """A file's bytes are not what its format promises."""
