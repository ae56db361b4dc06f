"""Writes GGUF version 3 files."""

import struct

import numpy

ALIGNMENT = 32
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9


def write(path, metadata, tensors):
    """tensors: name to a float32 or float16 array, whose last axis is GGUF's first."""
    with open(path, "wb") as file:
        file.write(struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata)))
        for key, value in metadata.items():
            file.write(_string(key) + _value(value))
        offset = 0
        for name, tensor in tensors.items():
            shape = tensor.shape[::-1]
            kind = {numpy.dtype("float32"): 0, numpy.dtype("float16"): 1}[tensor.dtype]
            file.write(_string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset))
            offset += _padded(tensor.nbytes)
        _pad(file)
        for tensor in tensors.values():
            file.write(numpy.ascontiguousarray(tensor).tobytes())
            _pad(file)


def _string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value):
    if isinstance(value, bool):
        return struct.pack("<I?", BOOL, value)
    if isinstance(value, int):
        return struct.pack("<II", UINT32, value)
    if isinstance(value, float):
        return struct.pack("<If", FLOAT32, value)
    if isinstance(value, str):
        return struct.pack("<I", STRING) + _string(value)
    kind = {str: STRING, float: FLOAT32, int: INT32}[type(value[0])]
    items = b"".join(_string(item) for item in value) if kind == STRING else struct.pack(f"<{len(value)}{'f' if kind == FLOAT32 else 'i'}", *value)
    return struct.pack("<IIQ", ARRAY, kind, len(value)) + items


def _padded(size):
    return -(-size // ALIGNMENT) * ALIGNMENT


def _pad(file):
    file.write(bytes(-file.tell() % ALIGNMENT))
