"""llama.cpp from Python, by way of engine.c."""

import ctypes
import subprocess
import tempfile
from pathlib import Path

CACHE_TYPES = {"F16": 1, "Q4_0": 2, "Q8_0": 8}


def _load(libraries, source):
    """Compiles engine.c against the pinned headers and loads it."""
    target = Path(tempfile.mkdtemp(prefix="fleetops-engine-")) / "engine.so"
    release = next(Path(libraries).glob("libllama.v*.so")).name
    ggml = next(Path(libraries).glob("libggml.v*.so")).name
    subprocess.run(
        ["gcc", "-O2", "-shared", "-fPIC", "-o", target, Path(__file__).with_name("engine.c"),
         f"-I{source}/include", f"-I{source}/ggml/include", f"-L{libraries}",
         f"-l:{release}", f"-l:{ggml}", "-l:libggml-base.so", f"-Wl,-rpath,{libraries}"],
        check=True)
    library = ctypes.CDLL(str(target))
    library.engine_open.restype = ctypes.c_void_p
    library.engine_start(str(libraries).encode())
    return library


class Llama:
    """The native libraries, from which engines are opened."""

    def __init__(self, libraries, source):
        self.library = _load(libraries, source)

    def open(self, path, context_length=0, cache_type="F16", threads=1):
        handle = self.library.engine_open(str(path).encode(), context_length, CACHE_TYPES[cache_type], threads)
        if not handle:
            raise RuntimeError(f"llama.cpp does not load {path} with a context of {context_length} tokens and a cache of {cache_type}")
        return Engine(self.library, handle)


class Engine:
    """One open model: its tokenizer, its template and, when it was opened with a context, its answers."""

    def __init__(self, library, handle):
        self.library = library
        self.handle = ctypes.c_void_p(handle)
        self.text = ctypes.create_string_buffer(1 << 16)
        self.tokens = (ctypes.c_int * (1 << 14))()

    def close(self):
        self.library.engine_close(self.handle)

    def render(self, messages):
        roles = (ctypes.c_char_p * len(messages))(*[role.encode() for role, _ in messages])
        contents = (ctypes.c_char_p * len(messages))(*[content.encode() for _, content in messages])
        length = self.library.engine_render(self.handle, roles, contents, len(messages), self.text, len(self.text))
        if not 0 <= length <= len(self.text):
            raise RuntimeError(f"the chat template could not be applied: {length}")
        return self.text.raw[:length].decode()

    def tokenize(self, text, add_special=True):
        data = text.encode()
        count = self.library.engine_tokenize(self.handle, data, len(data), int(add_special), self.tokens, len(self.tokens))
        if count < 0:
            raise RuntimeError(f"a text of {len(data)} bytes needs more than {len(self.tokens)} tokens")
        return self.tokens[:count]

    def answer(self, messages, limit=800):
        """The greedy answer to a conversation, and its smallest logit margin."""
        prompt = self.tokenize(self.render(messages))
        margin = ctypes.c_float()
        length = self.library.engine_answer(
            self.handle, (ctypes.c_int * len(prompt))(*prompt), len(prompt), limit, self.text, len(self.text), ctypes.byref(margin))
        if length < 0:
            raise RuntimeError(f"llama_decode failed for a prompt of {len(prompt)} tokens: {length}")
        return self.text.raw[:length].decode(errors="replace"), margin.value
