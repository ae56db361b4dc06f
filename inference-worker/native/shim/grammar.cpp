// GBNF grammars: llama.cpp prints what is wrong with one to stderr; here the message goes to the caller.
#include "grammar.h"
#include "shim.h"

#include "common.h"
#include "json-schema-to-grammar.h"
#include "json.h"
#include "reasoning-budget.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <stdexcept>
#include <vector>

namespace {

// llama.cpp follows groups and rules by recursion, and its parser is quadratic: a grammar from a request could exhaust the
// stack or hold a thread for minutes. What JSON schemas of real tools become is far below these.
constexpr size_t MAX_LENGTH  = 256 * 1024;
constexpr size_t MAX_NESTING = 200;
constexpr size_t MAX_RULES   = 8192;

// Ways in which the text so far can be read. An ambiguous grammar could have millions, and each costs time with each token.
constexpr size_t MAX_READINGS = 1024;

// Ways in which one place of a grammar can go on.
constexpr size_t MAX_CHOICES = 4096;

// What one token may cost; a grammar of millions of readings between two tokens would hold up everybody.
constexpr double MAX_SECONDS = 0.25;

constexpr const char * LEFT_RECURSION = "a rule begins with itself (left recursion), which cannot be followed token by token";

// The deepest nesting of groups, outside of literals, character classes and comments.
size_t nesting(const char * text) {
    size_t depth = 0, deepest = 0;
    char   inside = '\0';
    for (; *text != '\0'; text++) {
        if (inside != '\0') {
            if (*text == '\\' && inside != '\n' && text[1] != '\0') {
                text++;
            } else if (*text == inside) {
                inside = '\0';
            }
            continue;
        }
        switch (*text) {
            case '"': inside = '"'; break;
            case '[': inside = ']'; break;
            case '#': inside = '\n'; break;
            case '(': deepest = std::max(deepest, ++depth); break;
            case ')': depth -= depth > 0; break;
            default: break;
        }
    }
    return deepest;
}

const char * skip_blank(const char * text) {
    while (*text == ' ' || *text == '\t' || *text == '\r' || *text == '\n' || *text == '#') {
        if (*text == '#') {
            while (*text != '\0' && *text != '\r' && *text != '\n') {
                text++;
            }
        } else {
            text++;
        }
    }
    return text;
}

bool ends(const llama_grammar_element & element) {
    return element.type == LLAMA_GRETYPE_END || element.type == LLAMA_GRETYPE_ALT;
}

// Which rules may stand for no text at all.
std::vector<bool> nullable_rules(const llama_grammar_rules & rules) {
    std::vector<bool> nullable(rules.size());
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t id = 0; id < rules.size(); id++) {
            bool empty = true;
            for (size_t i = 0; i < rules[id].size() && !nullable[id]; i++) {
                const auto & element = rules[id][i];
                if (ends(element)) {
                    if (empty) {
                        nullable[id] = changed = true;
                    }
                    empty = true;
                } else {
                    empty = empty && element.type == LLAMA_GRETYPE_RULE_REF && nullable[element.value];
                }
            }
        }
    }
    return nullable;
}

// llama.cpp looks for left recursion, but not through rules that are empty only by way of others; following such a
// recursion would take all memory. Rules that begin nothing, or that nothing begins with, are taken away until only
// circles are left.
bool is_left_recursive(const llama_grammar_rules & rules) {
    const auto                       nullable = nullable_rules(rules);
    std::vector<std::vector<size_t>> next(rules.size()), before(rules.size());
    std::vector<size_t>              outgoing(rules.size()), incoming(rules.size());
    std::vector<std::pair<size_t, size_t>> growing;
    std::vector<bool>                      gone(rules.size());
    for (size_t id = 0; id < rules.size(); id++) {
        bool leads = true;
        for (size_t i = 0; i < rules[id].size(); i++) {
            const auto & element = rules[id][i];
            if (ends(element)) {
                leads = true;
            } else if (leads && element.type == LLAMA_GRETYPE_RULE_REF) {
                next[id].push_back(element.value);
                before[element.value].push_back(id);
                outgoing[id]++;
                incoming[element.value]++;
                if (!ends(rules[id][i + 1])) {
                    growing.emplace_back(id, element.value);
                }
                leads = nullable[element.value];
            } else {
                leads = false;
            }
        }
    }
    std::vector<size_t> todo;
    for (size_t id = 0; id < rules.size(); id++) {
        if (outgoing[id] == 0 || incoming[id] == 0) {
            todo.push_back(id);
        }
    }
    while (!todo.empty()) {
        const size_t id = todo.back();
        todo.pop_back();
        if (gone[id]) {
            continue;
        }
        gone[id] = true;
        for (const size_t other : before[id]) {
            if (!gone[other] && --outgoing[other] == 0) {
                todo.push_back(other);
            }
        }
        for (const size_t other : next[id]) {
            if (!gone[other] && --incoming[other] == 0) {
                todo.push_back(other);
            }
        }
    }
    // Going round is harmless as long as nothing is left to do after it.
    return std::any_of(growing.begin(), growing.end(), [&](const auto & step) { return !gone[step.first] && !gone[step.second]; });
}

// Counts the ways in which a rule can begin, and refuses a grammar in which some place has too many ways to go on.
class choices {
  public:
    choices(const llama_grammar_rules & rules) : rules(rules), nullable(nullable_rules(rules)), counts(rules.size(), UNKNOWN) {}

    void check() {
        for (size_t id = 0; id < rules.size(); id++) {
            count(id);
        }
    }

  private:
    static constexpr size_t UNKNOWN = SIZE_MAX;

    const llama_grammar_rules & rules;
    const std::vector<bool>     nullable;
    std::vector<size_t>         counts;

    size_t count(size_t id) {
        if (counts[id] == UNKNOWN) {
            // Going round adds no way that is not counted.
            counts[id]       = 0;
            size_t all       = 0;
            size_t from_here = 0;
            for (size_t i = rules[id].size(); i-- > 0;) {
                const auto & element = rules[id][i];
                if (ends(element)) {
                    all      += from_here;
                    from_here = 0;
                } else if (element.type == LLAMA_GRETYPE_RULE_REF) {
                    from_here = count(element.value) + (nullable[element.value] ? from_here : 0);
                } else {
                    from_here = 1;
                }
                if (all + from_here > MAX_CHOICES) {
                    throw std::runtime_error("the grammar is ambiguous: some place of it can go on in more than " + std::to_string(MAX_CHOICES) + " ways");
                }
            }
            counts[id] = all + from_here;
        }
        return counts[id];
    }
};

// Follows llama_grammar_parser::parse, but lets the exception out.
void check(const llama_vocab * vocab, const char * grammar, const char * root) {
    if (strlen(grammar) > MAX_LENGTH) {
        throw std::runtime_error("the grammar is longer than " + std::to_string(MAX_LENGTH) + " bytes");
    }
    if (nesting(grammar) > MAX_NESTING) {
        throw std::runtime_error("the grammar nests its groups deeper than " + std::to_string(MAX_NESTING));
    }
    llama_grammar_parser parser(vocab);
    const char *         rest = skip_blank(grammar);
    if (*rest == '\0') {
        throw std::runtime_error("the grammar is empty");
    }
    while (*rest != '\0') {
        rest = parser.parse_rule(rest);
    }
    if (parser.rules.size() > MAX_RULES) {
        throw std::runtime_error("the grammar has more than " + std::to_string(MAX_RULES) + " rules, groups and repetitions together");
    }
    for (const auto & [name, id] : parser.symbol_ids) {
        if (id >= parser.rules.size() || parser.rules[id].empty()) {
            throw std::runtime_error("the rule '" + name + "' is used and nowhere defined");
        }
    }
    if (parser.symbol_ids.find(root) == parser.symbol_ids.end()) {
        throw std::runtime_error("the grammar has no rule '" + std::string(root) + "' to start from");
    }
    if (is_left_recursive(parser.rules)) {
        throw std::runtime_error(LEFT_RECURSION);
    }
    choices(parser.rules).check();
}

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
        check(vocab, grammar, root);
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
