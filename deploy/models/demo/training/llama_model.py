"""A small model of the llama architecture in PyTorch, laid out so that its weights go into a GGUF file as they are."""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional


@dataclass(frozen=True)
class Shape:
    vocabulary: int = 1024
    width: int = 192
    layers: int = 4
    heads: int = 6
    kv_heads: int = 2
    feed_forward: int = 512
    context: int = 1024
    rope_base: float = 10000.0
    epsilon: float = 1e-5

    @property
    def head(self):
        return self.width // self.heads


class Norm(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.width))
        self.epsilon = shape.epsilon

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


def rotate(x, cos, sin):
    """Rotary positions on neighbouring pairs (2i, 2i+1), the order that llama.cpp uses for this architecture."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        kv = shape.kv_heads * shape.head
        self.attn_norm = Norm(shape)
        self.attn_q = nn.Linear(shape.width, shape.width, bias=False)
        self.attn_k = nn.Linear(shape.width, kv, bias=False)
        self.attn_v = nn.Linear(shape.width, kv, bias=False)
        self.attn_output = nn.Linear(shape.width, shape.width, bias=False)
        self.ffn_norm = Norm(shape)
        self.ffn_gate = nn.Linear(shape.width, shape.feed_forward, bias=False)
        self.ffn_up = nn.Linear(shape.width, shape.feed_forward, bias=False)
        self.ffn_down = nn.Linear(shape.feed_forward, shape.width, bias=False)

    def forward(self, x, cos, sin, mask):
        x = x + self._attend(self.attn_norm(x), cos, sin, mask)
        y = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y))

    def _attend(self, x, cos, sin, mask):
        rows, length, _ = x.shape
        shape, groups = self.shape, self.shape.heads // self.shape.kv_heads
        q = rotate(self.attn_q(x).view(rows, length, shape.heads, shape.head).transpose(1, 2), cos, sin)
        k = rotate(self.attn_k(x).view(rows, length, shape.kv_heads, shape.head).transpose(1, 2), cos, sin)
        v = self.attn_v(x).view(rows, length, shape.kv_heads, shape.head).transpose(1, 2)
        # The query heads of one group share a key head: fold them into the rows of one product.
        q = q.reshape(rows, shape.kv_heads, groups * length, shape.head) / math.sqrt(shape.head)
        scores = (q @ k.transpose(2, 3)).view(rows, shape.kv_heads, groups, length, length).add_(mask)
        weights = functional.softmax(scores, -1).view(rows, shape.kv_heads, groups * length, length)
        mixed = (weights @ v).view(rows, shape.heads, length, shape.head)
        return self.attn_output(mixed.transpose(1, 2).reshape(rows, length, shape.width))


class LlamaModel(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = Norm(shape)
        self.output = nn.Linear(shape.width, shape.vocabulary, bias=False)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                deep = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(weight, std=0.04 / math.sqrt(2 * shape.layers) if deep else 0.04)
        angles = torch.outer(torch.arange(shape.context).float(), shape.rope_base ** (-torch.arange(0, shape.head, 2) / shape.head))
        self.cos, self.sin = angles.cos(), angles.sin()
        self.mask = torch.full((shape.context, shape.context), float("-inf")).triu(1)

    def forward(self, tokens, start=0):
        """The states before the output matrix, for the caller to pick the places that it needs. start: first position."""
        length = tokens.shape[1]
        cos, sin, mask = self.cos[start:start + length], self.sin[start:start + length], self.mask[:length, :length]
        x = self.token_embd(tokens)
        for block in self.blk:
            x = block(x, cos, sin, mask)
        return self.output_norm(x)

    def metadata(self):
        shape = self.shape
        return {
            "llama.vocab_size": shape.vocabulary,
            "llama.context_length": shape.context,
            "llama.embedding_length": shape.width,
            "llama.block_count": shape.layers,
            "llama.feed_forward_length": shape.feed_forward,
            "llama.attention.head_count": shape.heads,
            "llama.attention.head_count_kv": shape.kv_heads,
            "llama.attention.layer_norm_rms_epsilon": shape.epsilon,
            "llama.rope.dimension_count": shape.head,
            "llama.rope.freq_base": shape.rope_base,
        }

    def tensors(self):
        """Matrices as F16, norms as F32, under the names that GGUF gives them, which are the names here."""
        return {name: (weight.detach().half() if weight.dim() == 2 else weight.detach().float()).numpy()
                for name, weight in self.named_parameters()}
