// GBNF grammars: llama.cpp prints what is wrong with one to stderr; here the message goes to the caller.
#include "grammar.h"
#include "grammar_check.h"
#include "shim.h"

#include "common.h"
#include "json-schema-to-grammar.h"
#include "json.h"
#include "reasoning-budget.h"

#include <climits>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <stdexcept>
#include <vector>

namespace {

// Ways in which the text so far can be read. An ambiguous grammar could have millions, and each costs time with each token.
constexpr size_t MAX_READINGS = 1024;

// What one token may cost; a grammar of millions of readings between two tokens would hold up everybody.
constexpr double MAX_SECONDS = 0.25;

// The processor's time of this thread, which other threads cannot stretch.
double seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

void check_time(double started) {
    if (seconds() - started > MAX_SECONDS) {
        throw std::runtime_error("the grammar is too ambiguous to be followed in time");
    }
}

// What wakes a lazy grammar, in the two forms that llama.cpp knows. A word that is a token of its own is that token.
struct triggers {
    std::vector<llama_token> tokens;
    std::vector<std::string> patterns;

    triggers(const llama_vocab * vocab, const common_json & list) {
        for (const auto & item : list) {
            const auto value = item.at("value").get<std::string>();
            switch ((common_grammar_trigger_type) item.at("type").get<int32_t>()) {
                case COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN: tokens.push_back(item.at("token").get<llama_token>()); break;
                case COMMON_GRAMMAR_TRIGGER_TYPE_WORD: {
                    const auto ids = common_tokenize(vocab, value, false, true);
                    if (ids.size() == 1) {
                        tokens.push_back(ids[0]);
                    } else {
                        patterns.push_back(regex_escape(value));
                    }
                    break;
                }
                case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN: patterns.push_back(value); break;
                case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN_FULL:
                    patterns.push_back((value.empty() || value.front() != '^' ? "^" : "") + value + (value.empty() || value.back() != '$' ? "$" : ""));
                    break;
                default: throw std::runtime_error("an unknown kind of trigger");
            }
        }
        if (tokens.empty() && patterns.empty()) {
            throw std::runtime_error("a lazy grammar needs a trigger");
        }
    }
};

// The tokens of what the template has put before the answer already.
std::vector<llama_token> tokens_of(const llama_vocab * vocab, const std::string & text) {
    auto tokens = common_tokenize(vocab, text, false, true);
    if (!tokens.empty()) {
        const auto first = common_token_to_piece(vocab, tokens[0], true);
        // Some tokenizers add a space before the first token.
        if (!first.empty() && isspace((unsigned char) first[0]) && !isspace((unsigned char) text[0])) {
            tokens.erase(tokens.begin());
        }
    }
    return tokens;
}

// `options` as fleetops_chat_apply gives them: lazy, triggers, what comes before the answer, tags of reasoning.
void prepare(grammar_state & result, const llama_vocab * vocab, const common_json & options) {
    const std::string before = options.value("generation_prompt", "");
    const auto        tokens = before.empty() ? std::vector<llama_token>() : tokens_of(vocab, before);
    if (!result.lazy) {
        for (const auto token : tokens) {
            result.accept(token);
        }
        return;
    }
    const std::string start = options.value("thinking_start", "");
    if (!start.empty() && options.contains("thinking_ends")) {
        std::vector<llama_tokens> ends;
        for (const auto & end : options.at("thinking_ends")) {
            ends.push_back(common_tokenize(vocab, end.get<std::string>(), false, true));
        }
        result.reasoning.reset(common_reasoning_budget_init(vocab, { common_tokenize(vocab, start, false, true) }, ends, {}, INT_MAX));
        for (const auto token : tokens) {
            llama_sampler_accept(result.reasoning.get(), token);
        }
    }
}

}  // namespace

std::unique_ptr<grammar_state> grammar_state::clone() const {
    auto copy = std::make_unique<grammar_state>();
    copy->grammar.reset(llama_grammar_clone_impl(*grammar));
    copy->reasoning.reset(reasoning ? llama_sampler_clone(reasoning.get()) : nullptr);
    copy->lazy = lazy;
    return copy;
}

bool grammar_state::is_asleep() const {
    if (!reasoning) {
        return false;
    }
    const auto state = common_reasoning_budget_get_state(reasoning.get());
    return state != REASONING_BUDGET_IDLE && state != REASONING_BUDGET_DONE;
}

void grammar_state::apply(llama_token_data_array & candidates) const {
    if (llama_grammar_get_stacks(grammar.get()).empty()) {
        throw std::runtime_error("the grammar has left the text that it describes");
    }
    if (!is_asleep()) {
        const double started = seconds();
        llama_grammar_apply_impl(*grammar, &candidates);
        check_time(started);
    }
}

bool grammar_state::allows(llama_token token) const {
    llama_token_data       one    = { token, 1.0f, 0.0f };
    llama_token_data_array single = { &one, 1, -1, false };
    apply(single);
    return one.logit != -INFINITY;
}

void grammar_state::accept(llama_token token) {
    const bool   asleep  = is_asleep();
    const double started = seconds();
    if (reasoning) {
        llama_sampler_accept(reasoning.get(), token);
        // The end of the reasoning may be the trigger.
        const auto * end = asleep && !is_asleep() ? common_reasoning_budget_get_end_match(reasoning.get()) : nullptr;
        if (end != nullptr) {
            for (const auto ended : *end) {
                llama_grammar_accept_impl(*grammar, ended);
            }
        }
    }
    if (!asleep) {
        if (!allows(token)) {
            throw std::runtime_error("the grammar does not allow token " + std::to_string(token) + " here");
        }
        llama_grammar_accept_impl(*grammar, token);
    }
    check_time(started);
    if (llama_grammar_get_stacks(grammar.get()).size() > MAX_READINGS) {
        throw std::runtime_error("the grammar is ambiguous: the text so far can be read in more than " + std::to_string(MAX_READINGS) + " ways");
    }
}

// Compiles a grammar. `options` is a JSON object; `{}` is a grammar that applies from the first token on.
FLEETOPS_API fleetops_grammar * fleetops_grammar_new(
    const llama_vocab * vocab, const char * grammar, const char * root, const char * options, char * error, int32_t error_size) {
    return fleetops::guard<fleetops_grammar *>(nullptr, error, error_size, [&] {
        check_grammar(vocab, grammar, root);
        const auto json   = common_json::parse(options);
        auto       result = std::make_unique<grammar_state>();
        result->lazy      = json.value("grammar_lazy", false);
        if (result->lazy) {
            const triggers            wake(vocab, json.at("grammar_triggers"));
            std::vector<const char *> patterns;
            for (const auto & pattern : wake.patterns) {
                patterns.push_back(pattern.c_str());
            }
            result->grammar.reset(llama_grammar_init_impl(
                vocab, grammar, root, true, patterns.data(), patterns.size(), wake.tokens.data(), wake.tokens.size()));
        } else {
            result->grammar.reset(llama_grammar_init_impl(vocab, grammar, root, false, nullptr, 0, nullptr, 0));
        }
        if (!result->grammar) {
            throw std::runtime_error(LEFT_RECURSION);
        }
        prepare(*result, vocab, json);
        return new fleetops_grammar{ std::move(result) };
    });
}

FLEETOPS_API void fleetops_grammar_free(fleetops_grammar * grammar) { delete grammar; }

// The GBNF grammar of what a JSON schema allows.
FLEETOPS_API char * fleetops_schema_to_grammar(const char * schema, char * error, int32_t error_size) {
    return fleetops::guard<char *>(nullptr, error, error_size, [&] {
        return fleetops::copy(json_schema_to_grammar(common_json::parse(schema), true));
    });
}
