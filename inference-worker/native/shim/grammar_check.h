// What is looked at before llama.cpp compiles a grammar.
#pragma once

#include "llama.h"

// llama.cpp gives no reason when it refuses a grammar, and this is the only one left once it was checked.
constexpr const char * LEFT_RECURSION = "a rule begins with itself (left recursion), which cannot be followed token by token";

// Throws std::runtime_error with what is wrong with a grammar: its text, its rules, or how far it could grow.
void check_grammar(const llama_vocab * vocab, const char * grammar, const char * root);
