"""Turns a phrasing of the corpus into one of the many questions that it stands for."""

import re

CHOICE = re.compile(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]")
LIST = re.compile(r"\{(\w+)\}")

OPENINGS = ["Please tell me: ", "Tell me, ", "Hi, ", "Hello, ", "Hey, ", "So, ", "And ", "One more question: ", "Quick question: ",
            "I have a question: ", "Could you tell me: ", "Sorry, ", "Also, ", "Well, ", "Now, ", "Hi! ", "Hello! ", "Okay, "]
CLOSINGS = [" please?", ", please.", " Thanks!", " Thank you.", " in FleetOps?", " with FleetOps?", " in short?"]
SWAPS = {
    "What is": ["What's", "whats", "What are", "what is"], "How do I": ["How can I", "how to", "How do you", "how do we"], "cannot": ["can't"],
    "does not": ["doesn't"], "is not": ["isn't"], "do not": ["don't"], "I am": ["I'm"], "my ": ["the ", "a "], "the ": ["a ", "my ", ""],
    "model": ["LLM", "language model"], "FleetOps": ["fleetops", "Fleetops", "FleetOps", "fleet ops", "it"], "Which": ["What"], "What": ["Which"],
    "pod": ["container"], "show": ["print", "display"], "use": ["take"], "work": ["function"], "happens": ["occurs"], "a ": ["the ", "one "],
    "change": ["modify"], "GPU": ["gpu"], "gRPC": ["grpc"], "Kubernetes": ["k8s", "kubernetes"], "support": ["offer"], "mean": ["say"],
}
KEYS = "abcdefghijklmnopqrstuvwxyz"


def expand(text, rng, lists=None):
    """Takes one of each choice, innermost first."""
    if lists:
        text = LIST.sub(lambda m: rng.choice(lists[m[1]]), text)
    while True:
        match = CHOICE.search(text)
        if match is None:
            return text.strip()
        if match[1] is not None:
            chosen = rng.choice(match[1].split("|"))
        else:
            chosen = rng.choice(match[2].split("|")) if rng.random() < 0.5 else ""
        text = text[:match.start()] + chosen + text[match.end():]


def phrase(corpus, topic, rng):
    """One question for a topic: its plain form, or a phrasing in a frame, with the noise of a person who types."""
    if topic.ask and rng.random() < 0.15:
        return topic.ask
    frame, text = rng.choice(topic.phrasings)
    text = expand(text, rng, corpus.lists)
    if frame is not None:
        text = rng.choice(corpus.frames[frame]).replace("{}", text)
    text = text[:1].upper() + text[1:]
    return noisy(text, rng) if rng.random() < 0.6 else text


def noisy(text, rng):
    if rng.random() < 0.25:
        old = rng.choice([key for key in SWAPS if key in text] or [None])
        if old:
            text = text.replace(old, rng.choice(SWAPS[old]), 1)
    if rng.random() < 0.12:
        words = text.split(" ")
        if len(words) > 4:
            del words[rng.randrange(len(words))]
            text = " ".join(words)
    if rng.random() < 0.1:
        text = _mistype(text, rng)
    if rng.random() < 0.12:
        text = rng.choice(OPENINGS) + text[:1].lower() + text[1:]
    if rng.random() < 0.1:
        text = text.rstrip("?.!") + rng.choice(CLOSINGS)
    if rng.random() < 0.3:
        text = text.rstrip("?.!") + rng.choice(["", "", "?", " ?", "!", ".", "??"])
    if rng.random() < 0.3:
        text = text.lower() if rng.random() < 0.8 else text.upper()
    return text


def _mistype(text, rng):
    """One slip of the fingers: a letter lost, doubled, swapped with its neighbour or replaced."""
    places = [i for i, c in enumerate(text[:-1]) if c.isalpha() and text[i + 1].isalpha()]
    if not places:
        return text
    i = rng.choice(places)
    slip = rng.randrange(4)
    if slip == 0:
        return text[:i] + text[i + 1:]
    if slip == 1:
        return text[:i] + text[i] + text[i:]
    if slip == 2:
        return text[:i] + text[i + 1] + text[i] + text[i + 2:]
    return text[:i] + rng.choice(KEYS) + text[i + 1:]
