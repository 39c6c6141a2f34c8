"""Dense code: what a recorder has written down as a module of LLVM IR."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from autograd_lite.compiler.matrix_code import declarations as of_matrices
from autograd_lite.compiler.matrix_code import symbol
from autograd_lite.compiler.vectors import declarations, lanes_of

if TYPE_CHECKING:
    from autograd_lite.compiler.recorder import Recorder

#: What every function is given: the batch (B, n_inputs), the parameters, their gradient, memory
#: for the varying and for the static sheets, B, B padded to whole registers, and the seed.
_ARGUMENTS = ("ptr noalias %X, ptr noalias %theta, ptr noalias %gradient, ptr noalias %v, "
              "ptr noalias %f, i64 %B, i64 %P, {element} %seed")  # fmt: skip
_SHEET = re.compile(r"%sheet\d+\b")
#: Registers and blocks of one statement; not those that all of them know.
_OWN_NAME = re.compile(r"%(?!(?:X|theta|gradient|v|f|B|P|seed|sheet\d+)\b)([A-Za-z][\w.]*)")
_BLOCK = re.compile(r"^([A-Za-z]\w*):", re.MULTILINE)


def module(recorder: Recorder) -> str:
    """Functions `setup`, `values` and, with a gradient, `both`, and all that they need.

    The last two return the sum of the first output; nan where one of the outputs, or of the
    gradient's numbers, is not finite.
    """
    element = recorder.element
    arguments = _ARGUMENTS.format(element=element)
    given = arguments.replace("noalias ", "")
    text = [*recorder.globals, *_function(recorder, "setup", recorder.setup),
            *_function(recorder, "forward", recorder.forward),
            *_function(recorder, "backward", recorder.backward)]  # fmt: skip
    first, (last, count) = recorder.results[0][0], recorder.results[-1]
    outputs = [f"  %first.row = mul i64 %P, {first}",
               f"  %first = getelementptr {element}, ptr %v, i64 %first.row",
               f"  %n = mul i64 %P, {count}", f"  %others.row = mul i64 %P, {last}",
               f"  %others = getelementptr {element}, ptr %v, i64 %others.row"]  # fmt: skip
    checked = f"  %total = call double @{symbol('checked', element)}(ptr %first, i64 %B"
    for name, directions, looked_at in (
        ("values", ["forward"], "ptr %others, i64 %n"),
        ("both", ["forward", "backward"], f"ptr %gradient, i64 {recorder.n_parameters}"),
    ):
        text += [
            f"define double @{name}({arguments}) {{",
            *[f"  call void @{direction}({given})" for direction in directions],
            *outputs,
            f"{checked}, {looked_at})",
            "  ret double %total", "}",
        ]  # fmt: skip
    code = "\n".join(text)
    functions = declarations(lanes_of(element), code, element, exact=False)
    return f"{functions}\n{of_matrices(element)}\n{code}\n"


def _function(recorder: Recorder, name: str, numbers: list[int]) -> list[str]:
    """Statements as one function: LLVM takes half the time that it does for one each."""
    body = [line for n in numbers for line in _named_apart(recorder.statements[n], n)]
    sheets = dict.fromkeys(_SHEET.findall("\n".join(body)))
    return [f"define void @{name}({_ARGUMENTS.format(element=recorder.element)}) {{", "entry:",
            *[line for sheet in sheets for line in _pointer(recorder, sheet)],
            *body, "  ret void", "}"]  # fmt: skip


def _named_apart(lines: list[str], number: int) -> list[str]:
    """A statement with its number in the names of its registers and blocks."""
    text = _OWN_NAME.sub(rf"%\1.{number}", "\n".join(lines))
    return _BLOCK.sub(rf"\1.{number}:", text).split("\n")


def _pointer(recorder: Recorder, sheet: str) -> list[str]:
    """Where a sheet begins."""
    argument, offset = recorder.pointers[sheet]
    if argument != "%v":
        return [f"  {sheet} = getelementptr {recorder.element}, ptr {argument}, i64 {offset}"]
    return [f"  {sheet}.row = mul i64 %P, {offset}",
            f"  {sheet} = getelementptr {recorder.element}, ptr %v, i64 {sheet}.row"]  # fmt: skip
