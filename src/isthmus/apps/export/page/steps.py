"""DecoderProgram: a decoder as a list of plain operations on vectors, which a page without a server can run.

``torch.export`` traces the graph. Whatever does not depend on the code is computed at once, the rest is translated.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from isthmus.apps.export.page.operations import ROWS, TRANSLATED
from isthmus.apps.export.page.tape import Program, Register, Untranslatable


class DecoderProgram(Program):
    """Translates a module from (batch, d) to (batch, ...).

    Parameters
    ----------
    module : nn.Module
        In eval mode.
    width : int
        d.

    Attributes
    ----------
    result : Register
        The register with the result of the last operation.

    Raises
    ------
    Untranslatable
        The module contains an operation that has no translation.
    """

    def __init__(self, module: nn.Module, width: int) -> None:
        super().__init__()
        self._width = width
        try:
            program = torch.export.export(module, (torch.zeros(ROWS, width),))
        except Exception as error:  # torch raises all kinds for what it cannot trace
            raise Untranslatable(f"the decoder cannot be traced: {type(error).__name__}") from error
        self._inputs = self._tensors(program)
        self._known: dict[Any, Any] = {}
        output = next(node for node in reversed(program.graph.nodes) if node.op == "output")
        self.result: Register = self.value(output.args[0][0])

    @staticmethod
    def _tensors(program: Any) -> dict[str, Tensor]:
        signature = program.graph_signature
        entry = {**program.state_dict, **program.constants}
        targets = {
            **signature.inputs_to_parameters,
            **signature.inputs_to_buffers,
            **signature.inputs_to_lifted_tensor_constants,
        }
        return {name: entry[target].detach() for name, target in targets.items()}

    def value(self, node: Any) -> Any:
        """Return the value of a node: a register, a tensor, or a plain value."""
        if isinstance(node, (list, tuple)):
            return [self.value(inner) for inner in node]
        if not isinstance(node, torch.fx.Node):
            return node
        if node not in self._known:
            self._known[node] = self._computed(node)
        return self._known[node]

    def _computed(self, node: Any) -> Any:
        if node.op == "placeholder":
            return self._inputs[node.name] if node.name in self._inputs else Register(0, (self._width,))
        arguments, named = self.value(node.args), {name: self.value(value) for name, value in node.kwargs.items()}
        if not any(isinstance(one, Register) for one in _flat(arguments)):
            return node.target(*arguments, **named)
        name = getattr(node.target, "overloadpacket", node.target).__name__
        if name not in TRANSLATED:
            raise Untranslatable(f"the decoder needs the operation {name!r}")
        return TRANSLATED[name](self, *arguments, **named)


def _flat(arguments: list[Any]) -> list[Any]:
    return [inner for one in arguments for inner in (_flat(one) if isinstance(one, list) else [one])]
