"""The table: every operation once, with its derivatives, symbol and kernel.

A row is read by everything else: the eager engine computes with `fn` and stores what
`rules` give, second derivatives run the same rules on Values, formulas run them on
symbols, pictures show `symbol`, tests iterate `OPS`. To add an operation, write a row.

In a rule `y` is the output and the other parameters are the arguments; it returns
dy/d(argument). `+ - *` and unary minus may be typed freely; whatever has a domain
goes through its row (`div(1.0, x)`), so that one rule runs on floats, Values and
symbols. `None` instead of a rule means that no derivative passes.

Sources: the vector-Jacobian table of autodidact (lecture 003); IEEE 754 for the edges.
"""

from __future__ import annotations

import math
from math import inf, nan
from types import MappingProxyType

from autograd_lite import ieee

TYPE_CHECKING = False  # importing typing would cost half of our import time
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Rule = Callable[..., Any]
    Interval = tuple[float, float]

# How strongly an operation binds in a formula; an operand that binds less gets brackets.
SUM, PRODUCT, NEGATION, POWER, ATOM = 1, 2, 3, 4, 9


class Op:
    """One row of the table; calling it computes on floats and records on Values.

    name      an identifier
    fn        floats to float; IEEE results, no exception for a numeric reason
    rules     one rule per argument (None: no edge), or for any number of arguments one
              function returning the tuple of all derivatives; written by + - * / and al's
              functions, al.where for `if`, so that they run on Values and in programs too
    arity     the number of arguments, None where any number is taken
    array     the kernel over NumPy arrays as an expression in {0}, {1}, ... and functions of
              `np`, not methods; for any number of arguments in {x}, the stack of all, or in
              {a} and {t}, that of each half; None: `fn` is applied element by element.
              `multiply` in it is NumPy's, or, where a result came out not finite, one with the
              strong zero of its first factor
    array_rules  the rules of a row of any number of arguments in the same way, one
              expression per stack, with {y} for the output
    shared    an expression that array and array_rules may name as {shared}
    symbol    how a formula shows it: {0}, {1} are operands, {args} all of them
    latex     the same in LaTeX
    power     how strongly the symbol binds its operands
    domain    closed intervals, one per argument: derivatives are nan outside
    select    it hands on one argument: a derivative of 0.0 is no edge at all
    constants how many trailing arguments are plain numbers, never Values
    truth     the output is a truth value, 0.0 or 1.0
    textbook  rules as a book prints them, where the stable ones read badly

    >>> cube = Op("cube", lambda x: x * x * x, (lambda y, x: 3.0 * x * x,))
    >>> cube(2.0)
    8.0
    >>> cube.partials(8.0, 2.0)
    (12.0,)
    """

    __slots__ = (
        "name", "fn", "rules", "arity", "array", "array_rules", "shared", "symbol", "latex",
        "power", "given", "domain", "select", "constants", "truth", "textbook",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        fn: Callable[..., float],
        rules: tuple[Rule | None, ...] | Rule,
        *,
        array: str | None = None,
        array_rules: tuple[str, ...] = (),
        shared: str = "",
        symbol: str = "",
        latex: str = "",
        power: int = ATOM,
        domain: tuple[Interval, ...] = (),
        select: bool = False,
        constants: int = 0,
        truth: bool = False,
        textbook: tuple[Rule | None, ...] | Rule | None = None,
    ) -> None:
        if not name.isidentifier():
            raise ValueError(f"Op: name {name!r} is not an identifier; generated code uses it")
        _check_rules(name, fn, rules)
        if domain and not (isinstance(rules, tuple) and len(domain) == len(rules)):
            raise ValueError(f"Op {name}: domain needs one interval per rule, got {domain}")
        self.name = name
        self.fn = fn
        self.rules = rules
        self.arity = len(rules) if isinstance(rules, tuple) else None
        self.array = array
        self.array_rules = array_rules
        self.shared = shared
        self.symbol = symbol or name + "({args})"
        self.latex = latex or rf"\operatorname{{{{{name}}}}}({{args}})".replace("_", r"\_")
        self.power = power
        self.domain = domain
        self.select = select
        self.constants = constants
        self.truth = truth
        self.textbook = rules if textbook is None else textbook
        self.given: tuple[float, ...] = ()  # constants that `fixed` has filled in

    def __repr__(self) -> str:
        return f"<Op {self.name}>"

    def __deepcopy__(self, memo: object) -> Op:
        return self  # a row never changes

    def __copy__(self) -> Op:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Shipped rows travel by name; a row of a user's own does not travel."""
        if OPS.get(self.name) is self:
            return (shipped, (self.name,))
        if self.given and self.name in OPS:
            return (_shipped_fixed, (self.name, self.given))
        raise TypeError(f"the row {self.name!r} is not one of OPS and cannot be pickled")

    def __call__(self, *args: Any) -> Any:
        """The value on floats; on anything else the operand records or prints."""
        for x in args:
            if type(x) is not float:
                return self._dispatch(args)
        self._check_count(args)
        return self.fn(*args)

    def _dispatch(self, args: tuple[Any, ...]) -> Any:
        self._check_count(args)
        for x in args:
            if hasattr(x, "apply"):
                return x.apply(self, args)
        return self.fn(*map(to_float, args))

    def _check_count(self, args: tuple[Any, ...]) -> None:
        if self.arity is not None and len(args) != self.arity:
            plural = "" if self.arity == 1 else "s"
            raise TypeError(f"{self.name} takes {self.arity} argument{plural}, got {len(args)}")

    def fixed(self, *constants: float) -> Op:
        """The row with its trailing constants given, as a row of the arguments that are left.

        Raises TypeError for another number of constants than the row has.

        >>> OPS["leaky_relu"].fixed(0.25)(-8.0)
        -2.0
        """
        if not constants or len(constants) != self.constants or not isinstance(self.rules, tuple):
            raise TypeError(f"{self.name} has {self.constants} constants, got {len(constants)}")
        left = len(self.rules) - self.constants

        def with_constants(rule: Rule | None) -> Rule | None:
            return rule and (lambda y, *args: rule(y, *args, *constants))

        array = self.array
        for i, c in enumerate(constants, start=left):
            array = array and array.replace(f"{{{i}}}", repr(float(c)))
        row = Op(
            self.name,
            lambda *args: self.fn(*args, *constants),
            tuple(with_constants(rule) for rule in self.rules[:left]),
            array=array,
            symbol=self.name + "({args})",
            latex=self.latex,
            domain=self.domain[:left],
            select=self.select,
        )
        row.given = tuple(map(float, constants))
        return row

    def partials(self, y: Any, *args: Any) -> tuple[Any, ...]:
        """dy/d(argument) for every argument, None where no edge is.

        Floats in, floats out; on Values and symbols the same rules record and print.
        """
        try:
            if not isinstance(self.rules, tuple):
                return tuple(self.rules(y, *args))
            ds = [rule and rule(y, *args) for rule in self.rules]
        except TypeError as error:
            error.add_note(
                f"in a rule of the row {self.name!r}: it must run on floats, Values and symbols; "
                "write it with rows of the table, al.cos(x) instead of math.cos(x)"
            )
            raise
        # outside its domain a function has no derivative, although the rule may have a value
        for x, interval in zip(args, self.domain):
            ds = [None if d is None else _inside(x, interval, d) for d in ds]
        return tuple(ds)

    def vjp(self, g: Any, y: Any, *args: Any) -> tuple[Any, ...]:
        """The vector-Jacobian products g * dy/d(argument), with the strong zero of g."""
        return tuple(None if d is None else strong_product(g, d) for d in self.partials(y, *args))


def _check_rules(name: str, fn: Any, rules: Any) -> None:
    """Refuse rules that are not one per argument, as far as Python functions tell theirs."""
    any_number = 4  # the flag of a function with *args
    of_rules = getattr(rules, "__code__", None)
    if of_rules is not None and not of_rules.co_flags & any_number:
        raise ValueError(
            f"Op {name}: rules is one function of {of_rules.co_argcount} arguments; give a tuple "
            "of one rule per argument, (rule,), or one function of (y, *args)"
        )
    code = getattr(fn, "__code__", None)
    if code is None or not isinstance(rules, tuple) or code.co_flags & any_number:
        return
    if code.co_argcount != len(rules):
        raise ValueError(
            f"Op {name}: fn takes {code.co_argcount} arguments, there are {len(rules)} rules; "
            "give one per argument, None where no derivative passes"
        )


def shipped(name: str) -> Op:
    """The row of the table with this name."""
    return OPS[name]


def _shipped_fixed(name: str, constants: tuple[float, ...]) -> Op:
    return OPS[name].fixed(*constants)


def _inside(x: Any, interval: Interval, d: Any) -> Any:
    """d where x lies in the closed interval, else nan, in every further derivative too."""
    lo, hi = interval
    if type(x) is float:
        return d if lo <= x <= hi else nan * d
    if lo > -inf:
        d = d * where(greater_equal(x, lo), 1.0, nan)
    return d * where(less_equal(x, hi), 1.0, nan) if hi < inf else d


def to_float(x: Any) -> float:
    """The float of a real number of Python or NumPy.

    Raises TypeError for everything else, OverflowError for an int beyond floats.

    >>> to_float(True), to_float(3)
    (1.0, 3.0)
    """
    if type(x) is float:
        return x
    if isinstance(x, (float, int)):  # bool and numpy.float64 among them
        return float(x)
    from decimal import Decimal  # deferred: a plain number never pays for these imports
    from numbers import Real

    if isinstance(x, Real):
        return float(x)
    if isinstance(x, Decimal):
        raise TypeError(f"Decimal('{x}') is not a binary float; write float({x}) to round it")
    dtype = getattr(x, "dtype", None)
    if dtype is not None and getattr(dtype, "kind", "") in "biuf":
        if x.ndim == 0:
            return float(x)
        raise TypeError(
            f"an array of shape {x.shape} is not a number; a Value is one scalar. "
            "Loop over the entries, or record one sample and batch it with al.compile"
        )
    raise TypeError(f"a real number is needed, got {type(x).__name__}: {x!r:.60}")


# fmt: off
# One row is aligned by meaning, not by a formatter.

# --- arithmetic ---------------------------------------------------------------------

add = Op("add", lambda a, b: a + b, (lambda y, a, b: 1.0, lambda y, a, b: 1.0),
         array="{0} + {1}", symbol="{0} + {1}", latex="{0} + {1}", power=SUM)
sub = Op("sub", lambda a, b: a - b, (lambda y, a, b: 1.0, lambda y, a, b: -1.0),
         array="{0} - {1}", symbol="{0} − {1}", latex="{0} - {1}", power=SUM)
mul = Op("mul", lambda a, b: a * b, (lambda y, a, b: b, lambda y, a, b: a),
         array="{0} * {1}", symbol="{0}·{1}", latex=r"{0} \cdot {1}", power=PRODUCT)
div: Op = Op("div", ieee.div, (lambda y, a, b: div(1.0, b), lambda y, a, b: -div(y, b)),
         array="{0} / {1}", symbol="{0} / {1}", latex=r"\frac{{{0}}}{{{1}}}", power=PRODUCT,
         textbook=(lambda y, a, b: div(1.0, b), lambda y, a, b: -div(a, power(b, 2.0))))
neg = Op("neg", lambda x: -x, (lambda y, x: -1.0,),
         array="-{0}", symbol="−{0}", latex="-{0}", power=NEGATION)
identity = Op("identity", lambda x: x, (lambda y, x: 1.0,),
              array="{0}", symbol="{0}", latex="{0}")
# g * d of every sweep: a cotangent of 0.0 propagates nothing, not even against inf or nan
strong_product = Op("strong_product", lambda g, d: g * d if g != 0.0 else 0.0,
                    (lambda y, g, d: d, lambda y, g, d: g),
                    array="multiply({0}, {1})",
                    symbol="{0}·{1}", latex=r"{0} \cdot {1}", power=PRODUCT)


# --- choices ------------------------------------------------------------------------

greater = Op("greater", lambda a, b: 1.0 if a > b else 0.0, (None, None), truth=True,
             array="np.where({0} > {1}, 1.0, 0.0)", symbol="[{0} > {1}]", latex="[{0} > {1}]")
less = Op("less", lambda a, b: 1.0 if a < b else 0.0, (None, None), truth=True,
          array="np.where({0} < {1}, 1.0, 0.0)", symbol="[{0} < {1}]", latex="[{0} < {1}]")
greater_equal = Op("greater_equal", lambda a, b: 1.0 if a >= b else 0.0, (None, None), truth=True,
                   array="np.where({0} >= {1}, 1.0, 0.0)",
                   symbol="[{0} ≥ {1}]", latex=r"[{0} \ge {1}]")
less_equal = Op("less_equal", lambda a, b: 1.0 if a <= b else 0.0, (None, None), truth=True,
                array="np.where({0} <= {1}, 1.0, 0.0)",
                symbol="[{0} ≤ {1}]", latex=r"[{0} \le {1}]")
where: Op = Op("where", lambda c, a, b: a if c else b,
           (None, lambda y, c, a, b: where(c, 1.0, 0.0), lambda y, c, a, b: where(c, 0.0, 1.0)),
           array="np.where({0} != 0.0, {1}, {2})", select=True)
step = Op("step", ieee.step, (None,),  # step(0) = 1: the perceptron's choice (lecture 001)
          array="np.heaviside({0}, 1.0)")
sign = Op("sign", ieee.sign, (None,), array="np.sign({0})", latex=r"\operatorname{{sgn}}({args})")


def _zero(x: Any) -> Any:
    """The condition x == 0, false for nan."""
    return less_equal(absolute(x), 0.0)


def _share_of_tie(equal: Op) -> Rule:
    """1 for the argument that was picked, 1/k for each of k equal ones, nan for nan."""

    def rule(y: Any, *xs: Any) -> tuple[Any, ...]:
        picked = [equal(x, y) for x in xs]
        count = picked[0]
        for one in picked[1:]:
            count = count + one
        return tuple(div(one, count) for one in picked)

    return rule


#: The share of a tie over a stack, for maximum and minimum.
_TIES = "({x} == {y}) / np.add.reduce({x} == {y}, axis=0, dtype=np.intp)"
maximum = Op("maximum", ieee.largest, _share_of_tie(greater_equal), select=True,
             array="np.maximum.reduce({x}, axis=0)", array_rules=(_TIES,),
             symbol="max({args})", latex=r"\max({args})")
minimum = Op("minimum", ieee.smallest, _share_of_tie(less_equal), select=True,
             array="np.minimum.reduce({x}, axis=0)", array_rules=(_TIES,),
             symbol="min({args})", latex=r"\min({args})")
# the derivative at both bounds is 1, as in PyTorch; nan for nan
clamp = Op("clamp", ieee.clamp,
           (lambda y, x, lo, hi: where(greater_equal(x, lo), less_equal(x, hi),
                                       where(less(x, lo), 0.0, nan)), None, None),
           array="np.clip({0}, {1}, {2})", select=True, constants=2)
absolute = Op("abs", math.fabs, (lambda y, x: sign(x),),  # derivative 0 at 0
              array="np.abs({0})", symbol="|{0}|", latex="|{0}|", select=True)
relu = Op("relu", ieee.relu, (lambda y, x: sign(y),),  # derivative 0 at 0
          array="np.maximum({0}, 0.0)", select=True,
          latex=r"\operatorname{{ReLU}}({args})")
leaky_relu = Op("leaky_relu", lambda x, alpha: alpha * x if x <= 0.0 else x,  # alpha at 0
                (lambda y, x, alpha: where(greater(x, 0.0), 1.0,
                                           where(less_equal(x, 0.0), alpha, nan)), None),
                array="np.where({0} <= 0.0, {1} * {0}, {0})", select=True, constants=1)


# --- powers, exponentials, logarithms -----------------------------------------------

def _normal(x: Any) -> Any:
    """The condition that x has all its digits: not 0, subnormal, infinite or nan."""
    size = absolute(x)
    return greater_equal(size, 2.0**-1022) * less(size, inf)


def _lowered(row: Op, x: Any, c: Any) -> Any:
    """c * x**(c-1), with the factor x**e for the part e of c - 1 that rounding takes away.

    Where x**(c-1) is no normal float although the product may be one, its root enters twice.
    """
    r = c - 1.0
    e = (c - (r - (r - c))) - (1.0 + (r - c))  # exact: Knuth's two-sum
    whole, root = row(x, r), row(x, 0.5 * r)
    plain, split = strong_product(c, whole), strong_product(c, root) * root
    d = where(_normal(whole), plain, where(greater(x, 0.0), split, plain))
    given_back = 1.0 + clamp(e * log(absolute(x)), -0.5, 0.5)
    d = where(greater(absolute(e), 0.0), d * given_back, d)  # e is nan at an infinite c
    # beyond 2**53 every c is even, c - 1 odd, but its rounding r even: the wrong sign below 0
    d = where(less(x, 0.0) * greater_equal(absolute(e), 1.0), -d, d)
    # beside so small a c, x**c is 1 to the last digit
    return where(less(absolute(c), 2.0**-64) * greater(x, 0.0), div(c, x), d)


def _power_rule(y: Any, x: Any, c: float) -> Any:
    """c * x**(c-1), plainly so for a c of usual size whose c - 1 is exact."""
    if c == 0.0:
        return 0.0
    r = c - 1.0
    usual = r + 1.0 == c and r - c == -1.0 and 0.25 <= math.fabs(c) <= 64.0
    return c * power(x, r) if usual else _lowered(power, x, c)


def _pow_exponent(y: Any, x: Any, c: Any) -> Any:
    """y * log(x); at x = 0 that is 0 for c >= 0, and -inf for c < 0."""
    root = pow(x, 0.5 * c)
    d = where(_normal(y), y * log(x), root * log(x) * root)
    return where(_zero(x), where(greater_equal(c, 0.0), 0.0, -inf), d)


# A constant exponent is a row of its own: it is defined for x <= 0 and never meets a logarithm.
power: Op = Op("power", ieee.power, (_power_rule, None), constants=1, power=POWER,
           array="{0} ** {1}", symbol="{0}^{1}", latex="{{{0}}}^{{{1}}}",
           textbook=(lambda y, x, c: c * power(x, c - 1.0), None))
pow: Op = Op("pow", ieee.power, (lambda y, x, c: _lowered(pow, x, c), _pow_exponent), power=POWER,
         array="{0} ** {1}", symbol="{0}^{1}", latex="{{{0}}}^{{{1}}}",
         textbook=(lambda y, x, c: c * pow(x, c - 1.0), lambda y, x, c: y * log(x)))
exp = Op("exp", ieee.exp, (lambda y, x: y,),
         array="np.exp({0})", symbol="e^{0}", latex="e^{{{0}}}", power=POWER)
expm1 = Op("expm1", ieee.expm1, (lambda y, x: exp(x),), array="np.expm1({0})")
log: Op = Op("log", ieee.log, (lambda y, x: div(1.0, x),), domain=((0.0, inf),),
         array="np.log({0})", symbol="ln({0})", latex=r"\ln({0})")
log1p = Op("log1p", ieee.log_one_plus, (lambda y, x: div(1.0, 1.0 + x),), domain=((-1.0, inf),),
           array="np.log1p({0})")
log2 = Op("log2", ieee.log2, (lambda y, x: div(1.0 / math.log(2.0), x),), domain=((0.0, inf),),
          array="np.log2({0})", latex=r"\log_2({0})")
log10 = Op("log10", ieee.log10, (lambda y, x: div(1.0 / math.log(10.0), x),), domain=((0.0, inf),),
           array="np.log10({0})", latex=r"\log_{{10}}({0})")
sqrt = Op("sqrt", ieee.sqrt, (lambda y, x: div(0.5, y),), domain=((0.0, inf),),
          array="np.sqrt({0})", symbol="√({0})", latex=r"\sqrt{{{0}}}")


# --- circles and hyperbolas ---------------------------------------------------------

def _atan_rule(y: Any, x: Any) -> Any:
    """1 / (1 + x*x), in r = 1/x where x*x could overflow."""
    r = div(1.0, x)
    return where(less_equal(absolute(x), 1.0), div(1.0, 1.0 + x * x), div(r * r, 1.0 + r * r))


def _one_minus_square(x: Any) -> Any:
    """1 - x*x, near 1 as a product: neither it nor its derivative loses digits anywhere."""
    return where(less(absolute(x), 0.5), 1.0 - x * x, (1.0 - x) * (1.0 + x))


def _scaled(a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
    """a*s, b*s, their hypot and s: a power of two that keeps all of them normal floats.

    Already below 1e-150, so that 1/h**2 in their derivatives overflows no sooner than these do.
    """
    h = hypot(a, b)
    s = where(greater(h, 1e290), 2.0**-600, where(less(h, 1e-150), 2.0**600, 1.0))
    a, b = a * s, b * s
    return a, b, hypot(a, b), s


def _hypot_rule(y: Any, a: Any, b: Any) -> Any:
    """a / hypot(a, b) without overflow or lost digits; 0 at (0, 0).

    At an infinite a it is +-1, but nan where b is infinite too: every direction has its own limit.
    """
    a, b, h, _ = _scaled(a, b)
    infinite = where(less(absolute(b), inf), sign(a), nan)
    return where(greater_equal(absolute(a), inf), infinite, div(a, where(_zero(h), 1.0, h)))


def _atan2_rule(a: Any, b: Any) -> Any:
    """b / (a*a + b*b) as (b/h)/h; 0 at the origin and at infinity."""
    a, b, h, s = _scaled(a, b)
    finite = div(div(b, where(_zero(h), 1.0, h)), where(_zero(h), 1.0, h)) * s
    return where(greater_equal(h, inf), 0.0, finite)


sin = Op("sin", ieee.sin, (lambda y, x: cos(x),), array="np.sin({0})", latex=r"\sin({0})")
cos: Op = Op("cos", ieee.cos, (lambda y, x: -sin(x),), array="np.cos({0})", latex=r"\cos({0})")
tan = Op("tan", ieee.tan, (lambda y, x: 1.0 + y * y,), array="np.tan({0})", latex=r"\tan({0})")
asin = Op("asin", ieee.asin, (lambda y, x: div(1.0, sqrt(_one_minus_square(x))),),
          array="np.arcsin({0})", domain=((-1.0, 1.0),), latex=r"\arcsin({0})",
          textbook=(lambda y, x: div(1.0, sqrt(1.0 - x * x)),))
acos = Op("acos", ieee.acos, (lambda y, x: -div(1.0, sqrt(_one_minus_square(x))),),
          array="np.arccos({0})", domain=((-1.0, 1.0),), latex=r"\arccos({0})",
          textbook=(lambda y, x: -div(1.0, sqrt(1.0 - x * x)),))
atan = Op("atan", math.atan, (_atan_rule,), array="np.arctan({0})", latex=r"\arctan({0})",
          textbook=(lambda y, x: div(1.0, 1.0 + x * x),))
sinh = Op("sinh", ieee.sinh, (lambda y, x: cosh(x),), array="np.sinh({0})", latex=r"\sinh({0})")
cosh: Op = Op("cosh", ieee.cosh, (lambda y, x: sinh(x),), array="np.cosh({0})", latex=r"\cosh({0})")
tanh = Op("tanh", math.tanh, (lambda y, x: 1.0 - y * y,),
          array="np.tanh({0})", latex=r"\tanh({0})")
asinh = Op("asinh", math.asinh, (lambda y, x: div(1.0, hypot(x, 1.0)),),
           array="np.arcsinh({0})", latex=r"\operatorname{{arsinh}}({0})",
           textbook=(lambda y, x: div(1.0, sqrt(x * x + 1.0)),))
acosh = Op("acosh", ieee.acosh, (lambda y, x: div(1.0, sqrt(x - 1.0) * sqrt(x + 1.0)),),
           array="np.arccosh({0})", domain=((1.0, inf),), latex=r"\operatorname{{arcosh}}({0})")
atanh = Op("atanh", ieee.atanh, (lambda y, x: div(1.0, _one_minus_square(x)),),
           array="np.arctanh({0})", domain=((-1.0, 1.0),), latex=r"\operatorname{{artanh}}({0})",
           textbook=(lambda y, x: div(1.0, 1.0 - x * x),))
hypot: Op = Op("hypot", math.hypot,
           (lambda y, a, b: _hypot_rule(y, a, b), lambda y, a, b: _hypot_rule(y, b, a)),
           array="np.hypot({0}, {1})", latex=r"\sqrt{{{0}^2 + {1}^2}}",
           textbook=(lambda y, a, b: div(a, y), lambda y, a, b: div(b, y)))
atan2 = Op("atan2", math.atan2,
           (lambda y, a, b: _atan2_rule(a, b), lambda y, a, b: -_atan2_rule(b, a)),
           array="np.arctan2({0}, {1})", latex=r"\operatorname{{atan2}}({args})",
           textbook=(lambda y, a, b: div(b, a * a + b * b),
                     lambda y, a, b: -div(a, a * a + b * b)))


# --- smooth steps -------------------------------------------------------------------

def _erf_rule(y: Any, x: Any) -> Any:
    """2/sqrt(pi) * e**(-x*x) with x*x = h*h + (x - h)*(x + h), h the upper half of x's digits.

    Rounding x*x itself would cost up to 400 ulp. Source: the splitting of Dekker (1971).
    """
    x = clamp(x, -30.0, 30.0)  # beyond it all is 0
    up = (2.0**27 + 1.0) * x
    h = up - (up - x)
    return 2.0 / math.sqrt(math.pi) * exp(-(h * h)) * exp(-(x - h) * (x + h))


sigmoid = Op("sigmoid", ieee.sigmoid, (lambda y, x: y * (1.0 - y),),
             array="np.where({0} < 0.0, np.exp({0}), 1.0) / (1.0 + np.exp(-np.abs({0})))",
             symbol="σ({0})", latex=r"\sigma({0})")
softplus = Op("softplus", ieee.softplus, (lambda y, x: sigmoid(x),),
              array="np.maximum({0}, 0.0) + np.log1p(np.exp(-np.abs({0})))")
log_sigmoid = Op("log_sigmoid", ieee.log_sigmoid, (lambda y, x: sigmoid(-x),),
                 array="np.minimum({0}, 0.0) - np.log1p(np.exp(-np.abs({0})))",
                 symbol="ln σ({0})", latex=r"\ln\sigma({0})", power=SUM)
# beyond |x| = 800 the second term underflows, where inf * 0 would make it nan
silu = Op("silu", ieee.silu,
          (lambda y, x: where(less(absolute(x), 800.0),
                              sigmoid(x) + y * sigmoid(-x), sigmoid(x)),),
          array="np.where({0} == -np.inf, -0.0, {0} * np.where({0} < 0.0, np.exp({0}), 1.0)"
                " / (1.0 + np.exp(-np.abs({0}))))",
          textbook=(lambda y, x: sigmoid(x) + y * (1.0 - sigmoid(x)),))
erf = Op("erf", math.erf, (_erf_rule,),
         textbook=(lambda y, x: 2.0 / math.sqrt(math.pi) * exp(-(x * x)),))


# --- many arguments -----------------------------------------------------------------

#: The kernel of logsumexp over a stack: pairwise, so that no maximum need be subtracted.
_LSE = "np.logaddexp.reduce({x}, axis=0)"  # where it is inf, shares are nan: hence 0.0 * it below


def _halves(args: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    n = len(args) // 2
    return args[:n], args[n:]


def _dot_rule(y: Any, *args: Any) -> tuple[Any, ...]:
    n = len(args) // 2
    return (*args[n:-1], *args[:n], 1.0)


def _shares(xs: tuple[Any, ...]) -> list[Any]:
    """e**x over the sum of all, shifted by the maximum so that nothing overflows."""
    top = maximum(*xs)
    terms = [exp(x - top) for x in xs]
    total = sum(*terms)
    return [div(term, total) for term in terms]


def _each_softmax(xs: tuple[Any, ...]) -> list[Any]:
    """The row `softmax` with each argument first, as a book writes it."""
    return [softmax(x, *xs[:k], *xs[k + 1 :]) for k, x in enumerate(xs)]


def _softmax_rule(y: Any, *xs: Any) -> tuple[Any, ...]:
    return (y * (1.0 - y), *(-y * share for share in _shares(xs)[1:]))


def _cross_entropy_rule(y: Any, *args: Any) -> Iterator[Any]:
    """softmax(z) * sum(t) - t per logit, written so that a sure hit keeps its digits."""
    logits, targets = _halves(args)
    of_all = sum(*targets)
    logs = [log_softmax(z, *logits[:k], *logits[k + 1 :]) for k, z in enumerate(logits)]
    for lp, t in zip(logs, targets, strict=True):
        yield exp(lp) * (of_all - t) + t * expm1(lp)
    for lp in logs:
        yield -lp


def _over(t: Any, p: Any) -> Any:
    """t / p, but 0 for a weight t = 0, even where p = 0."""
    return where(_zero(t), strong_product(t, div(1.0, p)), div(t, p))


def _log_loss_rule(y: Any, *args: Any) -> Iterator[Any]:
    """-t / p per probability: 0 for t = 0 even where p = 0; -log(p) per target."""
    for p, t in zip(*_halves(args)):
        yield -_over(t, p)
    for p in _halves(args)[0]:
        yield -log(p)


sum = Op("sum", ieee.total_sum, lambda y, *xs: (1.0,) * len(xs),
         array="np.add.reduce({x}, axis=0)", array_rules=("1.0",), symbol="Σ({args})",
         latex=r"\sum({args})", power=POWER)
dot = Op("dot", ieee.dot, _dot_rule, symbol="Σ w·x + b", latex=r"\sum w x + b", power=SUM)
logsumexp = Op("logsumexp", ieee.logsumexp, lambda y, *xs: _shares(xs),
               array=_LSE, array_rules=("np.exp({x} - {y}) + 0.0 * {y}",), symbol="ln Σ e^({args})",
               latex=r"\ln\sum\exp({args})", power=SUM,
               textbook=lambda y, *xs: tuple(exp(x - y) for x in xs))
softmax: Op = Op("softmax", ieee.softmax, _softmax_rule,
             shared=_LSE, array="np.exp({x}[0] - {shared}) + 0.0 * {shared}",
             array_rules=("np.concatenate((({y} * (1.0 - {y}))[None], "
                          "-{y} * np.exp({x}[1:] - {shared})))",),
             textbook=lambda y, *xs: [y * (1.0 - y), *(-y * p for p in _each_softmax(xs)[1:])])
log_softmax = Op("log_softmax", ieee.log_softmax,
                 lambda y, *xs: (-expm1(y), *(-share for share in _shares(xs)[1:])),
                 shared=_LSE, array="{x}[0] - {shared}",
                 array_rules=("np.concatenate((-np.expm1({y})[None], "
                              "-np.exp({x}[1:] - {shared}) - 0.0 * {shared}))",),
                 textbook=lambda y, *xs: [1.0 - exp(y), *(-p for p in _each_softmax(xs)[1:])])
half_squared_error = Op("half_squared_error", ieee.half_squared_error,
                        lambda y, *args: [s * (a - t) for s, (a, t) in _signed_pairs(args)],
                        array="0.5 * np.add.reduce(np.square({a} - {t}), axis=0)",
                        array_rules=("{a} - {t}", "{t} - {a}"),
                        symbol="½Σ(y − t)²", latex=r"\frac{{1}}{{2}}\sum(y - t)^2",
                        power=PRODUCT)
cross_entropy = Op("cross_entropy", ieee.cross_entropy, _cross_entropy_rule,
                   shared="np.logaddexp.reduce({a}, axis=0)",
                   array="np.add.reduce(multiply({t}, {shared} - {a}), axis=0)",
                   array_rules=("np.exp({a} - {shared}) * np.add.reduce({t}, axis=0) - {t}",
                                "{shared} - {a}"),
                   symbol="−Σ t·ln softmax(z)", latex=r"-\sum t \ln \operatorname{{softmax}}(z)",
                   power=SUM,
                   textbook=lambda y, *args: [
                       *(p * sum(*_halves(args)[1]) - t
                         for p, t in zip(_each_softmax(_halves(args)[0]), _halves(args)[1])),
                       *(-log(p) for p in _each_softmax(_halves(args)[0]))])
# on probabilities: a class of target 0 is left out, also where p = 0 makes its logarithm infinite
log_loss = Op("log_loss", ieee.log_loss, _log_loss_rule,
              # the root is nan where a is no probability
              array="-np.add.reduce(multiply({t}, np.log({a})) + 0.0 * np.sqrt({a} * (1.0 - {a})),"
                    " axis=0)",
              array_rules=("-multiply({t}, 1.0 / {a})", "-np.log({a})"),
              symbol="−Σ t·ln p", latex=r"-\sum t \ln p", power=SUM,
              textbook=lambda y, *args: [
                  *(-div(t, p) for p, t in zip(*_halves(args))),
                  *(-log(p) for p in _halves(args)[0])])
bce_with_logits = Op("bce_with_logits", ieee.bce_with_logits,
                     (lambda y, z, t: (1.0 - t) * sigmoid(z) - t * sigmoid(-z),
                      lambda y, z, t: -z),
                     array="multiply({1}, np.logaddexp(0.0, -{0}))"
                           " + multiply(1.0 - {1}, np.logaddexp(0.0, {0}))",
                     symbol="BCE(σ({0}), {1})", latex=r"\operatorname{{BCE}}(\sigma({0}), {1})",
                     textbook=(lambda y, z, t: sigmoid(z) - t, lambda y, z, t: -z))
# on probabilities: a term whose weight is 0 is left out, also where p makes it infinite
bce = Op("bce", ieee.bce,
         (lambda y, p, t: _over(1.0 - t, 1.0 - p) - _over(t, p),
          lambda y, p, t: log1p(-p) - log(p)),
         array="-(multiply({1}, np.maximum(np.log({0}), -100.0))"
               " + multiply(1.0 - {1}, np.maximum(np.log1p(-{0}), -100.0)))"
               " + 0.0 * np.sqrt({0} * (1.0 - {0}))",  # nan where p is no probability
         symbol="BCE({0}, {1})", latex=r"\operatorname{{BCE}}({0}, {1})",
         textbook=(lambda y, p, t: div(p - t, p * (1.0 - p)),
                   lambda y, p, t: log(1.0 - p) - log(p)))


def _signed_pairs(args: tuple[Any, ...]) -> Iterator[tuple[float, tuple[Any, Any]]]:
    """(1, (y, t)) for every output, then (-1, (y, t)) for every target."""
    outputs, targets = _halves(args)
    for s in (1.0, -1.0):
        for pair in zip(outputs, targets, strict=True):
            yield s, pair


#: Every shipped row by name: whatever is an Op above is in the table.
OPS = MappingProxyType({row.name: row for row in list(globals().values()) if isinstance(row, Op)})
