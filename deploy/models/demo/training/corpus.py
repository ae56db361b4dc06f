"""Reads the corpus: topics with many phrasings of a question and one answer.

A line of a topic starts with a word that says what it is:
  ask      the question as it stands in questions.jsonl
  q        another phrasing
  how ...  a phrasing that is put into the frames of that name (frames.txt)
  say      the answer
  more     the answer to "Tell me more." after this topic
  after    the topics that must come directly before (a follow-up question)
In a phrasing (a|b) is a choice, [a] may be left out, {name} is an item of a list.
"""

from dataclasses import dataclass, field
from pathlib import Path

MORE = "Tell me more."
NO_MORE = "What would you like to know? Ask me, for example, how to deploy a model."


@dataclass
class Topic:
    name: str
    ask: str = ""
    phrasings: list = field(default_factory=list)
    say: str = ""
    more: str = ""
    after: list = field(default_factory=list)


class Corpus:
    def __init__(self, folder):
        self.topics = {}
        self.frames = {}
        self.lists = {}
        self.unknown = Topic("unknown")
        self._read_frames(folder / "frames.txt")
        for path in sorted(folder.glob("*.txt")):
            if path.name not in ("frames.txt", "unknown.txt"):
                self._read_topics(path)
        self._read_unknown(folder / "unknown.txt")
        self._validate()
        self.first = [t for t in self.topics.values() if not t.after]
        self.follow_ups = {}
        for topic in self.topics.values():
            for before in topic.after:
                self.follow_ups.setdefault(before, []).append(topic)

    def answers(self):
        for topic in self.topics.values():
            yield topic.say
            if topic.more:
                yield topic.more
        yield NO_MORE
        yield self.unknown.say

    def _read_frames(self, path):
        for word, rest in _lines(path):
            if word == "frame":
                frame = self.frames.setdefault(rest, [])
            else:
                frame.append(f"{word} {rest}".strip())

    def _read_topics(self, path):
        for word, rest in _lines(path):
            if word == "topic":
                if rest in self.topics:
                    raise ValueError(f"{path.name}: the topic {rest} exists twice")
                topic = self.topics[rest] = Topic(rest)
            elif word == "ask":
                topic.ask = rest
            elif word == "say":
                topic.say = rest.replace("\\n", "\n")
            elif word == "more":
                topic.more = rest
            elif word == "after":
                topic.after = rest.split()
            elif word == "q":
                topic.phrasings.append((None, rest))
            elif word in self.frames:
                topic.phrasings.append((word, rest))
            else:
                raise ValueError(f"{path.name}: a line of the topic {topic.name} starts with the unknown word {word}")

    def _read_unknown(self, path):
        for word, rest in _lines(path):
            if word == "list":
                name, items = rest.split(" ", 1)
                self.lists[name] = [item.strip() for item in items.split(",")]
            elif word == "q":
                self.unknown.phrasings.append((None, rest))
            elif word == "say":
                self.unknown.say = rest

    def _validate(self):
        asked = {}
        for topic in self.topics.values():
            if not (topic.ask and topic.say and topic.phrasings):
                raise ValueError(f"the topic {topic.name} needs ask, say and at least one phrasing")
            for before in topic.after:
                if before not in self.topics:
                    raise ValueError(f"the topic {topic.name} comes after {before}, which does not exist")
            if not topic.after and asked.setdefault(topic.ask, topic.name) != topic.name:
                raise ValueError(f"the topics {asked[topic.ask]} and {topic.name} have the same question")


def _lines(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line and not line.startswith("# "):
            word, _, rest = line.partition(" ")
            yield word, rest
