// One sampler: a chain, and a grammar that is kept apart from it. The order is that of llama.cpp's own server: the chain
// chooses first, the grammar then looks at the one token chosen, and only a refused token pays for the grammar over the
// whole vocabulary.
#include "shim.h"

#include <cmath>
#include <stdexcept>
#include <vector>

struct fleetops_sampler {
    llama_sampler *               chain;
    llama_sampler *               grammar;
    std::vector<llama_token_data> candidates;

    ~fleetops_sampler() {
        llama_sampler_free(chain);
        if (grammar != nullptr) {
            llama_sampler_free(grammar);
        }
    }
};

namespace {

llama_token_data_array fill(fleetops_sampler & sampler, const float * logits, int32_t count) {
    sampler.candidates.resize((size_t) count);
    for (int32_t token = 0; token < count; token++) {
        sampler.candidates[(size_t) token] = { token, logits[token], 0.0f };
    }
    return { sampler.candidates.data(), sampler.candidates.size(), -1, false };
}

bool grammar_allows(llama_sampler * grammar, llama_token token) {
    llama_token_data       one    = { token, 1.0f, 0.0f };
    llama_token_data_array single = { &one, 1, -1, false };
    llama_sampler_apply(grammar, &single);
    return one.logit != -INFINITY;
}

llama_token choose(fleetops_sampler & sampler, llama_token_data_array & candidates) {
    llama_sampler_apply(sampler.chain, &candidates);
    if (candidates.selected < 0 || candidates.selected >= (int64_t) candidates.size) {
        throw std::runtime_error("the sampler chain chose no token; it must end with greedy or dist");
    }
    return candidates.data[candidates.selected].id;
}

llama_token choose_allowed(fleetops_sampler & sampler, const float * logits, int32_t count) {
    auto candidates = fill(sampler, logits, count);
    auto token      = choose(sampler, candidates);
    if (sampler.grammar == nullptr || grammar_allows(sampler.grammar, token)) {
        return token;
    }

    candidates = fill(sampler, logits, count);
    llama_sampler_apply(sampler.grammar, &candidates);
    token = choose(sampler, candidates);
    // When nothing is allowed the chain still chooses, and accepting that token would end the process.
    if (!grammar_allows(sampler.grammar, token)) {
        throw std::runtime_error("the grammar allows no token of this vocabulary here");
    }
    return token;
}

}  // namespace

// Takes both samplers over; `grammar` may be null.
FLEETOPS_API fleetops_sampler * fleetops_sampler_new(llama_sampler * chain, llama_sampler * grammar) {
    return fleetops::guard<fleetops_sampler *>(nullptr, nullptr, 0, [&] { return new fleetops_sampler{ chain, grammar, {} }; });
}

FLEETOPS_API void fleetops_sampler_free(fleetops_sampler * sampler) { delete sampler; }

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
        if (sampler->grammar != nullptr) {
            llama_sampler_accept(sampler->grammar, token);
        }
        llama_sampler_accept(sampler->chain, token);
        return token;
    });
}

// Tells the sampler of a token that it did not choose: one of the prompt (`with_grammar` 0) or one of the answer.
FLEETOPS_API int32_t fleetops_sampler_accept(
    fleetops_sampler * sampler, int32_t token, int32_t with_grammar, char * error, int32_t error_size) {
    return fleetops::guard<int32_t>(FLEETOPS_EXCEPTION, error, error_size, [&] {
        if (sampler->grammar != nullptr && with_grammar != 0) {
            if (!grammar_allows(sampler->grammar, token)) {
                throw std::runtime_error("the grammar does not allow token " + std::to_string(token) + " here");
            }
            llama_sampler_accept(sampler->grammar, token);
        }
        llama_sampler_accept(sampler->chain, token);
        return 0;
    });
}

FLEETOPS_API int32_t fleetops_sampler_reset(fleetops_sampler * sampler, char * error, int32_t error_size) {
    return fleetops::guard<int32_t>(FLEETOPS_EXCEPTION, error, error_size, [&] {
        llama_sampler_reset(sampler->chain);
        if (sampler->grammar != nullptr) {
            llama_sampler_reset(sampler->grammar);
        }
        return 0;
    });
}

FLEETOPS_API fleetops_sampler * fleetops_sampler_clone(const fleetops_sampler * sampler, char * error, int32_t error_size) {
    return fleetops::guard<fleetops_sampler *>(nullptr, error, error_size, [&] {
        return new fleetops_sampler{
            llama_sampler_clone(sampler->chain),
            sampler->grammar == nullptr ? nullptr : llama_sampler_clone(sampler->grammar),
            {},
        };
    });
}
