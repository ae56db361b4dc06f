"""Trains the demo model and writes demo.gguf, its digest and questions.jsonl."""

import argparse
import hashlib
import json
import math
import random
import tempfile
import time
from pathlib import Path

import torch
from torch.nn import functional

import gguf
from conversations import Conversations
from corpus import Corpus
from engine import Llama
from llama_model import LlamaModel, Shape
from phrasing import phrase
from team import Team
from vocabulary import TURN_END, TURN_START, Vocabulary

SEED = 20260101
BATCH_TOKENS = 2048     # in each process
PEAK_RATE = 3e-3
QUESTION_WEIGHT = 0.1   # how much the loss of a question's tokens counts beside those of an answer
CUT = 0.5               # share of conversations that end within their last answer


def general_metadata(parameters):
    return {
        "general.architecture": "llama",
        "general.type": "model",
        "general.name": "FleetOps Demo",
        "general.basename": "FleetOps-Demo",
        "general.version": "1.0",
        "general.author": "FleetOps contributors",
        "general.organization": "FleetOps",
        "general.description": "A small language model, trained from scratch to answer questions about FleetOps.",
        "general.license": "apache-2.0",
        "general.languages": ["en"],
        "general.tags": ["text-generation", "chat", "kubernetes"],
        "general.size_label": f"{parameters / 1e6:.1f}M",
        "general.file_type": 1,
        "general.quantization_version": 2,
    }


def tokenizer_texts(corpus, rng):
    """The answers often, so that they get long pieces, and enough questions to know the words that people use."""
    texts = [text for text in corpus.answers() if text.isascii()] * 4
    texts += [topic.ask for topic in corpus.topics.values()]
    texts += [phrase(corpus, topic, rng) for topic in corpus.topics.values() for _ in range(6)]
    texts += [phrase(corpus, corpus.unknown, rng) for _ in range(1500)]
    return texts


class Batches:
    """Rows of llama.cpp's token ids with a weight for each, of similar length within a batch."""

    def __init__(self, conversations, engine, rng, context):
        self.conversations, self.engine, self.rng, self.context = conversations, engine, rng, context

    def __iter__(self):
        while True:
            rows = sorted((self._row() for _ in range(768)), key=lambda row: len(row[0]))
            batches, batch = [], []
            for row in rows:
                if batch and len(row[0]) * (len(batch) + 1) > BATCH_TOKENS:
                    batches.append(batch)
                    batch = []
                batch.append(row)
            batches.append(batch)
            self.rng.shuffle(batches)
            for batch in batches:
                yield self._tensors(batch)

    def _row(self):
        while True:
            messages = self.conversations.messages()
            tokens, weights = self._tokens(messages, CUT)
            if len(tokens) <= self.context:
                return tokens, weights

    def _tokens(self, messages, cut=0.0):
        if messages[0][0] == "text":
            tokens = self.engine.tokenize(messages[0][1] + TURN_END)
            return tokens, [1.0] * len(tokens)
        # A turn mark is a token of its own, so the pieces between marks can be tokenized apart.
        tokens, weights = self.engine.tokenize(""), [0.0]
        for i, (role, content) in enumerate(messages):
            head = self.engine.tokenize(f"{TURN_START}{role}\n", False)
            body = self.engine.tokenize(f"{TURN_START}{role}\n{content}{TURN_END}", False)[len(head):]
            tail = self.engine.tokenize("\n", False)
            if i == len(messages) - 1 and self.rng.random() < cut:
                # Which answer it is shows in its first words; the rest is learnt from the others, so more questions can be seen.
                body, tail = body[:self.rng.randint(6, 14)], []
            tokens += head + body + tail
            weights += [0.0] * len(head) + [1.0 if role == "assistant" else QUESTION_WEIGHT] * len(body) + [0.0] * len(tail)
        return tokens, weights

    @staticmethod
    def _tensors(batch):
        length = max(len(tokens) for tokens, _ in batch)
        tokens = torch.zeros(len(batch), length, dtype=torch.long)
        weights = torch.zeros(len(batch), length)
        for i, (row, weight) in enumerate(batch):
            tokens[i, :len(row)] = torch.tensor(row)
            weights[i, :len(row)] = torch.tensor(weight)
        return tokens, weights


def check_tokens(batches, engine):
    """Training must see what llama.cpp will see: compare with the template and the tokenizer of the file."""
    messages = [("user", "What is FleetOps?"), ("assistant", "FleetOps is an operator."), ("user", "And how do I list all models?")]
    tokens, _ = batches._tokens(messages)
    expected = engine.tokenize(engine.render(messages))
    if tokens + engine.tokenize(f"{TURN_START}assistant\n", False) != expected:
        raise AssertionError("the training tokens differ from those of the rendered chat template")


def optimizer_for(model):
    matrices = [w for w in model.parameters() if w.dim() == 2]
    norms = [w for w in model.parameters() if w.dim() == 1]
    return torch.optim.AdamW([{"params": matrices, "weight_decay": 0.05}, {"params": norms, "weight_decay": 0.0}], lr=PEAK_RATE, betas=(0.9, 0.98))


def rate(step, steps):
    warm_up = 50
    if step < warm_up:
        return PEAK_RATE * (step + 1) / warm_up
    progress = (step - warm_up) / (steps - warm_up)
    return PEAK_RATE * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))


def train(model, batches, steps, team):
    optimizer = optimizer_for(model)
    start, cpu, seen, mean = time.time(), time.process_time(), 0, None
    for step, (tokens, weights) in zip(range(steps), batches):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps)
        states = model(tokens[:, :-1])
        # Only the places that count go through the output matrix.
        counted = weights[:, 1:] > 0
        losses = functional.cross_entropy(model.output(states[counted]), tokens[:, 1:][counted], reduction="none")
        weight = weights[:, 1:][counted]
        optimizer.zero_grad(set_to_none=True)
        ((losses * weight).sum() / weight.sum()).backward()
        team.average_gradients(model)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        now = losses[weight == 1.0].mean().item()
        mean = now if mean is None else 0.95 * mean + 0.05 * now
        seen += tokens.numel() * team.size
        if team.rank == 0 and (step % 50 == 49 or step == steps - 1):
            wall, cpu_seconds = time.time() - start, (time.process_time() - cpu) * team.size
            print(f"step {step + 1}/{steps}  loss of answers {mean:.4f}  {seen / wall:.0f} tokens/s  {wall:.0f} s, CPU {cpu_seconds:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--libraries", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2, help="another number gives another model")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    torch.set_flush_denormal(True)
    rng = random.Random(SEED)

    corpus = Corpus(arguments.folder / "corpus")
    shape = Shape()
    vocabulary = Vocabulary(tokenizer_texts(corpus, rng), shape.vocabulary)
    model = LlamaModel(shape)
    parameters = sum(w.numel() for w in model.parameters())
    metadata = {**general_metadata(parameters), **model.metadata(), **vocabulary.metadata()}
    print(f"{len(corpus.topics)} topics, {shape.vocabulary} tokens, {parameters} parameters", flush=True)

    llama = Llama(arguments.libraries, arguments.source)
    with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
        gguf.write(file.name, metadata, {})
        engine = llama.open(file.name)
    team = Team(model, arguments.processes)
    rng = random.Random(SEED + team.rank)
    batches = Batches(Conversations(corpus, rng), engine, rng, shape.context)
    check_tokens(batches, engine)
    train(model, batches, arguments.steps, team)
    team.leave()

    target = arguments.output / "demo.gguf"
    gguf.write(target, metadata, model.tensors())
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    (arguments.output / "demo.gguf.sha256").write_text(f"{digest}  demo.gguf\n")
    with open(arguments.output / "questions.jsonl", "w", encoding="utf-8") as file:
        for topic in corpus.first:
            file.write(json.dumps({"question": topic.ask, "answer": topic.say}, ensure_ascii=False) + "\n")
    print(f"{target}: {target.stat().st_size} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
