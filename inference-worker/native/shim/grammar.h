// A compiled grammar for an answer, from which each sampler takes a copy of its own.
#pragma once

#include "llama-grammar.h"
#include "llama.h"

#include <memory>

struct llama_grammar_free {
    void operator()(llama_grammar * grammar) const { llama_grammar_free_impl(grammar); }
};

struct llama_sampler_free_state {
    void operator()(llama_sampler * sampler) const { llama_sampler_free(sampler); }
};

// llama.cpp's own sampler of a grammar ends the process when a token does not fit, and hides how large its state grows;
// so the grammar is driven directly.
struct grammar_state {
    std::unique_ptr<llama_grammar, llama_grammar_free> grammar;
    // Follows the reasoning of the model, in which a lazy grammar must not find its triggers; null for none.
    std::unique_ptr<llama_sampler, llama_sampler_free_state> reasoning;
    bool                                                     lazy = false;

    // The same state, going its own way from here.
    std::unique_ptr<grammar_state> clone() const;
    // Sets the logits of tokens that do not fit here to minus infinity.
    void apply(llama_token_data_array & candidates) const;
    // Whether one token fits here.
    bool allows(llama_token token) const;
    // Goes on by a token that fits.
    void accept(llama_token token);

  private:
    bool is_asleep() const;
};

// As compiled; samplers keep it alive to begin anew from it.
struct fleetops_grammar {
    std::shared_ptr<const grammar_state> fresh;
};
