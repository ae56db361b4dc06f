// One sampler: a chain, and a grammar that is kept apart from it. The order is that of llama.cpp's own server: the chain
// chooses first, the grammar then looks at the one token chosen, and only a refused token pays for the grammar over the
// whole vocabulary.
#include "grammar.h"
#include "shim.h"

#include <cmath>
#include <memory>
#include <stdexcept>
#include <vector>

struct fleetops_sampler {
    std::unique_ptr<llama_sampler, llama_sampler_free_state> chain;
    std::unique_ptr<grammar_state>                           grammar;
    // As it was in the beginning.
    std::shared_ptr<const grammar_state> fresh_grammar;
    // Added to the logits before anything else.
    std::vector<llama_logit_bias> biases;
    // Tokens that must not be chosen before so many others were.
    std::vector<llama_token> delayed;
    int32_t                  delay    = 0;
    int32_t                  accepted = 0;

    std::vector<llama_token_data> candidates;

    bool delays() const { return accepted < delay && !delayed.empty(); }
};

namespace {

llama_token_data_array fill(fleetops_sampler & sampler, const float * logits, int32_t count, bool delay) {
    sampler.candidates.resize((size_t) count);
    for (int32_t token = 0; token < count; token++) {
        sampler.candidates[(size_t) token] = { token, logits[token], 0.0f };
    }
    for (const auto & bias : sampler.biases) {
        sampler.candidates[(size_t) bias.token].logit += bias.bias;
    }
    if (delay) {
        for (const auto token : sampler.delayed) {
            sampler.candidates[(size_t) token].logit = -INFINITY;
        }
    }
    return { sampler.candidates.data(), sampler.candidates.size(), -1, false };
}

llama_token choose(fleetops_sampler & sampler, llama_token_data_array & candidates) {
    llama_sampler_apply(sampler.chain.get(), &candidates);
    if (candidates.selected < 0 || candidates.selected >= (int64_t) candidates.size) {
        throw std::runtime_error("the sampler chain chose no token; it must end with greedy or dist");
    }
    return candidates.data[candidates.selected].id;
}

bool has_any(const llama_token_data_array & candidates) {
    for (size_t i = 0; i < candidates.size; i++) {
        if (candidates.data[i].logit != -INFINITY) {
            return true;
        }
    }
    return false;
}

// The chain divides by the sum of what is left, so something has to be.
llama_token_data_array left(fleetops_sampler & sampler, const float * logits, int32_t count, const grammar_state * grammar) {
    for (bool delay = sampler.delays();; delay = false) {
        auto candidates = fill(sampler, logits, count, delay);
        if (grammar != nullptr) {
            grammar->apply(candidates);
        }
        if (has_any(candidates)) {
            return candidates;
        }
        // A text that is complete may be shorter than it should be.
        if (!delay) {
            throw std::runtime_error(grammar != nullptr ? "the grammar allows no token of this vocabulary here" : "every token is forbidden here");
        }
    }
}

llama_token choose_allowed(fleetops_sampler & sampler, const float * logits, int32_t count) {
    auto candidates = left(sampler, logits, count, nullptr);
    auto token      = choose(sampler, candidates);
    if (sampler.grammar && !sampler.grammar->allows(token)) {
        candidates = left(sampler, logits, count, sampler.grammar.get());
        token      = choose(sampler, candidates);
    }
    return token;
}

}  // namespace

// Takes the chain over; of the grammar, which may be null, it makes a copy.
FLEETOPS_API fleetops_sampler * fleetops_sampler_new(llama_sampler * chain, const fleetops_grammar * grammar) {
    return fleetops::guard<fleetops_sampler *>(nullptr, nullptr, 0, [&] {
        auto sampler = std::make_unique<fleetops_sampler>();
        sampler->chain.reset(chain);
        if (grammar != nullptr) {
            sampler->grammar       = grammar->fresh->clone();
            sampler->fresh_grammar = grammar->fresh;
        }
        return sampler.release();
    });
}

FLEETOPS_API void fleetops_sampler_free(fleetops_sampler * sampler) { delete sampler; }

// Adds to the logits of tokens of the vocabulary.
FLEETOPS_API int32_t fleetops_sampler_bias(
    fleetops_sampler * sampler, const llama_logit_bias * biases, int32_t count, char * error, int32_t error_size) {
    return fleetops::guard<int32_t>(FLEETOPS_EXCEPTION, error, error_size, [&] {
        sampler->biases.assign(biases, biases + count);
        return 0;
    });
}

// Keeps tokens of the vocabulary from being chosen until `delay` others were accepted.
FLEETOPS_API int32_t fleetops_sampler_delay(
    fleetops_sampler * sampler, const int32_t * tokens, int32_t count, int32_t delay, char * error, int32_t error_size) {
    return fleetops::guard<int32_t>(FLEETOPS_EXCEPTION, error, error_size, [&] {
        sampler->delayed.assign(tokens, tokens + count);
        sampler->delay = delay;
        return 0;
    });
}

// Chooses a token from the logits of one output of the last decode, and accepts it.
FLEETOPS_API int32_t fleetops_sampler_sample(
    fleetops_sampler * sampler, llama_context * context, int32_t index, char * error, int32_t error_size) {
    return fleetops::guard<int32_t>(FLEETOPS_EXCEPTION, error, error_size, [&] {
        const float * logits = llama_get_logits_ith(context, index);
        if (logits == nullptr) {
            throw std::runtime_error("the context holds no logits at index " + std::to_string(index));
        }
        const auto * vocab = llama_model_get_vocab(llama_get_model(context));
        const auto   token = choose_allowed(*sampler, logits, llama_vocab_n_tokens(vocab));
        if (sampler->grammar) {
            sampler->grammar->accept(token);
        }
        llama_sampler_accept(sampler->chain.get(), token);
        sampler->accepted++;
        return token;
    });
}

// Tells the sampler of a token that it did not choose: one of the prompt (`of_answer` 0) or one of the answer.
FLEETOPS_API int32_t fleetops_sampler_accept(
    fleetops_sampler * sampler, int32_t token, int32_t of_answer, char * error, int32_t error_size) {
    return fleetops::guard<int32_t>(FLEETOPS_EXCEPTION, error, error_size, [&] {
        if (of_answer != 0) {
            if (sampler->grammar) {
                sampler->grammar->accept(token);
            }
            sampler->accepted++;
        }
        llama_sampler_accept(sampler->chain.get(), token);
        return 0;
    });
}

FLEETOPS_API int32_t fleetops_sampler_reset(fleetops_sampler * sampler, char * error, int32_t error_size) {
    return fleetops::guard<int32_t>(FLEETOPS_EXCEPTION, error, error_size, [&] {
        llama_sampler_reset(sampler->chain.get());
        sampler->accepted = 0;
        if (sampler->grammar) {
            sampler->grammar = sampler->fresh_grammar->clone();
        }
        return 0;
    });
}

FLEETOPS_API fleetops_sampler * fleetops_sampler_clone(const fleetops_sampler * sampler, char * error, int32_t error_size) {
    return fleetops::guard<fleetops_sampler *>(nullptr, error, error_size, [&] {
        auto clone = std::make_unique<fleetops_sampler>();
        clone->chain.reset(llama_sampler_clone(sampler->chain.get()));
        if (sampler->grammar) {
            clone->grammar       = sampler->grammar->clone();
            clone->fresh_grammar = sampler->fresh_grammar;
        }
        clone->biases   = sampler->biases;
        clone->delayed  = sampler->delayed;
        clone->delay    = sampler->delay;
        clone->accepted = sampler->accepted;
        return clone.release();
    });
}
