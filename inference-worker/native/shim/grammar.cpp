// GBNF grammars: llama.cpp prints what is wrong with one to stderr; here the message goes to the caller.
#include "shim.h"

#include "json-schema-to-grammar.h"
#include "json.h"
#include "llama-grammar.h"

#include <stdexcept>

namespace {

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
    llama_grammar_parser parser(vocab);
    const char *         rest = skip_blank(grammar);
    if (*rest == '\0') {
        throw std::runtime_error("the grammar is empty");
    }
    while (*rest != '\0') {
        rest = parser.parse_rule(rest);
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
