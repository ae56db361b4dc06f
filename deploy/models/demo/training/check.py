"""Asks the model every question of questions.jsonl through llama.cpp and compares the greedy answers."""

import argparse
import json
import sys
from pathlib import Path

from corpus import MORE, Corpus
from engine import Llama


def load(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def golden(folder):
    for entry in load(folder / "questions.jsonl"):
        yield [("user", entry["question"])], entry["answer"]


def talks(corpus):
    """Every follow-up after every topic that it may follow, and every "Tell me more."."""
    for topic in corpus.topics.values():
        for before in (corpus.topics[name] for name in topic.after):
            if not before.after:
                yield [("user", before.ask), ("assistant", before.say), ("user", topic.ask)], topic.say
        if topic.more:
            yield [("user", topic.ask), ("assistant", topic.say), ("user", MORE)], topic.more


def reworded(folder, corpus):
    for entry in load(folder / "reworded.jsonl"):
        topic = corpus.unknown if entry["topic"] == "unknown" else corpus.topics[entry["topic"]]
        yield [("user", entry["question"])], topic.say


def ask(engine, cases, name, verbose):
    right, total, least = 0, 0, (1e9, "")
    for messages, expected in cases:
        answer, margin = engine.answer(messages)
        total += 1
        if answer == expected:
            right += 1
            least = min(least, (margin, messages[-1][1]))
        elif verbose:
            print(f"WRONG {messages[-1][1]}\n  expected {expected!r}\n  answered {answer!r}")
    print(f"{name}: {right} of {total} as expected (smallest logit margin {least[0]:.2f}: {least[1]})", flush=True)
    return right == total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--libraries", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    model = arguments.model or arguments.folder / "demo.gguf"
    corpus = Corpus(arguments.folder / "corpus")
    llama = Llama(arguments.libraries, arguments.source)

    good = True
    for cache_type in ("F16", "Q8_0"):
        engine = llama.open(model, 1024, cache_type)
        good &= ask(engine, golden(arguments.folder), f"questions, cache {cache_type}", True)
        engine.close()
    engine = llama.open(model, 1024)
    ask(engine, talks(corpus), "follow-up questions", True)
    ask(engine, reworded(arguments.folder, corpus), "questions in words that were not trained", True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
