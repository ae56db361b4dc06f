// GBNF grammars: llama.cpp prints what is wrong with one to stderr; here the message goes to the caller.
#include "shim.h"

#include "json-schema-to-grammar.h"
#include "json.h"
#include "llama-grammar.h"

#include <algorithm>
#include <stdexcept>

namespace {

// llama.cpp follows groups and rules by recursion, and its parser is quadratic: a grammar from a request could exhaust the
// stack or hold a thread for minutes. What JSON schemas of real tools become is far below these.
constexpr size_t MAX_LENGTH  = 256 * 1024;
constexpr size_t MAX_NESTING = 200;
constexpr size_t MAX_RULES   = 8192;

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
}

}  // namespace

FLEETOPS_API llama_sampler * fleetops_grammar_new(
    const llama_vocab * vocab, const char * grammar, const char * root, char * error, int32_t error_size) {
    return fleetops::guard<llama_sampler *>(nullptr, error, error_size, [&] {
        check(vocab, grammar, root);
        llama_sampler * sampler = llama_sampler_init_grammar(vocab, grammar, root);
        if (sampler == nullptr) {
            throw std::runtime_error("a rule begins with itself (left recursion), which cannot be followed token by token");
        }
        return sampler;
    });
}

// The GBNF grammar of what a JSON schema allows.
FLEETOPS_API char * fleetops_schema_to_grammar(const char * schema, char * error, int32_t error_size) {
    return fleetops::guard<char *>(nullptr, error, error_size, [&] {
        return fleetops::copy(json_schema_to_grammar(common_json::parse(schema), true));
    });
}
