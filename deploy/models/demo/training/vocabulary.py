"""The tokenizer: SentencePiece pieces (BPE with byte fall-back) and the two marks of a ChatML turn."""

import io

import sentencepiece

TURN_START = "<|im_start|>"
TURN_END = "<|im_end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")

# Every character that people type has to be a piece, also where the texts lack it.
PRINTABLE = [" ".join(chr(c) for c in range(33, 127))]

# Token types of GGUF.
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6


class Vocabulary:
    def __init__(self, texts, size):
        model = io.BytesIO()
        # No space is put in front and none is taken away: llama.cpp is told the same by add_space_prefix = false.
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts + PRINTABLE), model_writer=model, model_type="bpe", vocab_size=size,
            byte_fallback=True, split_digits=True, character_coverage=1.0, normalization_rule_name="identity",
            add_dummy_prefix=False, remove_extra_whitespaces=False, allow_whitespace_only_pieces=True,
            control_symbols=[TURN_START, TURN_END],
            num_threads=1, minloglevel=2)
        pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        self.tokens = [pieces.id_to_piece(i) for i in range(len(pieces))]
        self.scores = [pieces.get_score(i) for i in range(len(pieces))]
        self.types = [self._type(pieces, i) for i in range(len(pieces))]
        self.turn_end = self.tokens.index(TURN_END)

    @staticmethod
    def _type(pieces, i):
        if pieces.is_unknown(i):
            return UNKNOWN
        if pieces.is_control(i):
            return CONTROL
        return BYTE if pieces.is_byte(i) else NORMAL

    def metadata(self):
        return {
            "tokenizer.ggml.model": "llama",
            "tokenizer.ggml.pre": "default",
            "tokenizer.ggml.tokens": self.tokens,
            "tokenizer.ggml.scores": [float(s) for s in self.scores],
            "tokenizer.ggml.token_type": self.types,
            "tokenizer.ggml.bos_token_id": self.tokens.index("<s>"),
            "tokenizer.ggml.eos_token_id": self.turn_end,
            "tokenizer.ggml.eot_token_id": self.turn_end,
            "tokenizer.ggml.unknown_token_id": self.tokens.index("<unk>"),
            "tokenizer.ggml.add_bos_token": True,
            "tokenizer.ggml.add_eos_token": False,
            "tokenizer.ggml.add_space_prefix": False,
            "tokenizer.chat_template": CHAT_TEMPLATE,
        }
