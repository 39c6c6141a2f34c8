"""Stored files looked at and made by hand, from the description of the format alone.

Eight bytes of header length (little-endian), the header as JSON, the numbers. The header's
`__metadata__` holds one string, JSON again, which begins with the CRC-32 of the whole file,
computed with eight zeros in its place. Whoever forges a file can compute it as well.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

from autograd_lite import Value, nn

MARK = b'"autograd_lite":"{\\"crc32\\":\\"'


def bits(x: float) -> int:
    """The 64 bits of a float, which tell nan from nan and 0.0 from -0.0."""
    return int(struct.unpack("<Q", struct.pack("<d", x))[0])


def number(pattern: int) -> float:
    """The float of 64 bits."""
    return float(struct.unpack("<d", struct.pack("<Q", pattern))[0])


def parameters(model: nn.MLP) -> list[int]:
    """The model's parameters, bit for bit."""
    return [bits(p.data) for p in model.parameters()]


def seen(model: nn.MLP) -> Any:
    """All that can be seen of a model: shared Values show by their numbers."""
    met: dict[Value, int] = {}

    def shown(value: Value | None) -> Any:
        if value is None:
            return None
        return met.setdefault(value, len(met)), bits(value.data), value.label, value.role

    layers = []
    for layer in model.layers:
        neurons = []
        for n in layer.neurons:
            row = n.activation and (n.activation.name, n.activation.given)
            place = n.name and n.name.place[1:]  # without the object that tells nets apart
            weights = [shown(w) for w in n.weights]
            neurons.append((n.name, n._z_name, place, row, weights, shown(n.bias)))
        layers.append((layer.softmax, neurons))
    return model.sizes, layers


def opened(content: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """The header, the facts within it, and the bytes of the numbers."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    return header, json.loads(header["__metadata__"]["autograd_lite"]), content[8 + length :]


def closed(header: str | dict[str, Any], data: bytes) -> bytes:
    """A file of this header, with the CRC that belongs to it."""
    text = header if isinstance(header, str) else json.dumps(header, separators=(",", ":"))
    encoded = text.encode("utf-8", "surrogatepass")
    return signed(len(encoded).to_bytes(8, "little") + encoded + data)


def signed(content: bytes) -> bytes:
    """The file with the right CRC, where it has a place for one."""
    start = content.find(MARK) + len(MARK)
    if start < len(MARK):
        return content
    blank = content[:start] + b"00000000" + content[start + 8 :]
    return blank[:start] + f"{zlib.crc32(blank):08x}".encode() + blank[start + 8 :]


def edited(
    content: bytes,
    facts: Callable[[dict[str, Any]], object] = lambda facts: None,
    header: Callable[[dict[str, Any]], object] = lambda header: None,
    text: Callable[[str], str] = lambda text: text,
    data: Callable[[bytes], bytes] = lambda data: data,
) -> bytes:
    """The file after changes to its facts, its header, the facts' text or its numbers."""
    head, held, numbers = opened(content)
    facts(held)
    head["__metadata__"]["autograd_lite"] = text(json.dumps(held, separators=(",", ":")))
    header(head)
    return closed(head, data(numbers))
