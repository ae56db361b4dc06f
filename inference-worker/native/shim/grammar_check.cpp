// Refuses grammars that llama.cpp would take all memory for, or all time, before it sees them.
#include "grammar_check.h"

#include "llama-grammar.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

// llama.cpp follows groups and rules by recursion, and its parser is quadratic: a grammar from a request could exhaust the
// stack or hold a thread for minutes. What JSON schemas of real tools become is far below these.
constexpr size_t MAX_LENGTH  = 256 * 1024;
constexpr size_t MAX_NESTING = 200;
constexpr size_t MAX_RULES   = 8192;

// Ways in which one place of a grammar can go on.
constexpr size_t MAX_CHOICES = 4096;

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

}  // namespace

// Follows llama_grammar_parser::parse, but lets the exception out.
void check_grammar(const llama_vocab * vocab, const char * grammar, const char * root) {
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
