// llama.cpp behind six plain functions, so that Python can call it without copying its structs.
#include <stdlib.h>
#include <string.h>

#include "ggml-backend.h"
#include "llama.h"

struct engine {
    struct llama_model * model;
    struct llama_context * context;
};

static void quiet(enum ggml_log_level level, const char * text, void * data) {
    (void) level; (void) text; (void) data;
}

void engine_start(const char * libraries) {
    llama_log_set(quiet, NULL);
    ggml_backend_load_all_from_path(libraries);
    llama_backend_init();
}

// context_length 0 opens the vocabulary alone. cache_type is a ggml_type: 1 = F16, 2 = Q4_0, 8 = Q8_0.
struct engine * engine_open(const char * path, int context_length, int cache_type, int threads) {
    struct engine * e = calloc(1, sizeof *e);
    struct llama_model_params model = llama_model_default_params();
    model.vocab_only = context_length == 0;
    e->model = llama_model_load_from_file(path, model);
    if (e->model == NULL) { free(e); return NULL; }
    if (context_length > 0) {
        struct llama_context_params context = llama_context_default_params();
        context.n_ctx = context_length;
        context.n_batch = context_length;
        context.n_threads = threads;
        context.n_threads_batch = threads;
        context.type_k = cache_type;
        context.type_v = cache_type;
        e->context = llama_init_from_model(e->model, context);
        if (e->context == NULL) { llama_model_free(e->model); free(e); return NULL; }
    }
    return e;
}

void engine_close(struct engine * e) {
    if (e->context) llama_free(e->context);
    llama_model_free(e->model);
    free(e);
}

// The text of the conversation through the template in the file. Returns its length, or less than 0.
int engine_render(struct engine * e, const char ** roles, const char ** contents, int count, char * text, int size) {
    struct llama_chat_message * messages = calloc(count, sizeof *messages);
    for (int i = 0; i < count; i++) {
        messages[i].role = roles[i];
        messages[i].content = contents[i];
    }
    int length = llama_chat_apply_template(llama_model_chat_template(e->model, NULL), messages, count, true, text, size);
    free(messages);
    return length;
}

int engine_tokenize(struct engine * e, const char * text, int length, int add_special, int * tokens, int size) {
    return llama_tokenize(llama_model_get_vocab(e->model), text, length, tokens, size, add_special != 0, true);
}

// Greedy decoding up to the end of the turn. margin becomes the smallest distance between the best and the second best
// logit, which tells how far the answer is from tipping over. Returns the bytes of the answer, or less than 0.
int engine_answer(struct engine * e, int * prompt, int count, int limit, char * text, int size, float * margin) {
    const struct llama_vocab * vocab = llama_model_get_vocab(e->model);
    int vocabulary = llama_vocab_n_tokens(vocab), length = 0, token;
    *margin = 1e9f;
    llama_memory_clear(llama_get_memory(e->context), true);
    if (llama_decode(e->context, llama_batch_get_one(prompt, count)) != 0) return -1;
    for (int made = 0; made < limit; made++) {
        const float * logits = llama_get_logits_ith(e->context, -1);
        float second = -1e9f;
        token = 0;
        for (int i = 1; i < vocabulary; i++) {
            if (logits[i] > logits[token]) { second = logits[token]; token = i; }
            else if (logits[i] > second) second = logits[i];
        }
        if (logits[token] - second < *margin) *margin = logits[token] - second;
        if (llama_vocab_is_eog(vocab, token)) break;
        int piece = llama_token_to_piece(vocab, token, text + length, size - length, 0, false);
        if (piece < 0) return -2;
        length += piece;
        if (llama_decode(e->context, llama_batch_get_one(&token, 1)) != 0) return -1;
    }
    return length;
}
