"""Makes endless random conversations out of the corpus."""

from corpus import MORE, NO_MORE
from phrasing import expand, phrase

SYSTEM_PROMPTS = ["You are a helpful assistant.", "You answer questions about FleetOps.", "Be brief.", "You are the FleetOps demo model.",
                  "Answer in plain English.", "You are a friendly assistant. Answer in one sentence.", "You are a Kubernetes expert.", ""]
MORE_PHRASINGS = "(Tell me more|More|More details|Go on|Continue|Say more|Can you tell me more|And what else|What else|Please go on|I want to know more|Explain more)(.|, please.|?|)"


class Conversations:
    """The shares below were found by trying: enough long talks that later turns are as good as the first."""

    ALONE = 0.84
    SYSTEM = 0.08
    PLAIN = 0.03
    UNKNOWN = 0.17

    def __init__(self, corpus, rng):
        self.corpus = corpus
        self.rng = rng

    def messages(self):
        """A conversation as (role, content) pairs that ends with an answer; a plain text has the role "text"."""
        rng = self.rng
        if rng.random() < self.PLAIN:
            return [("text", rng.choice(list(self.corpus.topics.values())).say)]
        messages = [("system", rng.choice(SYSTEM_PROMPTS))] if rng.random() < self.SYSTEM else []
        before = None
        for _ in range(1 if rng.random() < self.ALONE else rng.choice([2, 2, 2, 2, 3, 3, 4, 8])):
            question, answer, before = self._turn(before)
            messages += [("user", question), ("assistant", answer)]
        return messages

    def _turn(self, before):
        rng = self.rng
        if before is not None and rng.random() < 0.55:
            follow_ups = self.corpus.follow_ups.get(before.name, [])
            if follow_ups and rng.random() < 0.7:
                topic = rng.choice(follow_ups)
                return phrase(self.corpus, topic, rng), topic.say, topic
            if before.more or rng.random() < 0.1:
                question = MORE if rng.random() < 0.3 else expand(MORE_PHRASINGS, rng)
                return question, before.more or NO_MORE, None
        if rng.random() < self.UNKNOWN:
            return phrase(self.corpus, self.corpus.unknown, rng), self.corpus.unknown.say, None
        topic = rng.choice(self.corpus.first)
        if rng.random() < 0.15:
            # Topics that others can follow are drawn more often, so that follow-ups are seen enough.
            topic = self.corpus.topics[rng.choice(list(self.corpus.follow_ups))]
            topic = topic if not topic.after else rng.choice(self.corpus.first)
        return phrase(self.corpus, topic, rng), topic.say, topic
