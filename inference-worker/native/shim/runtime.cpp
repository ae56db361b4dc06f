// Start-up self-check, loading, decoding, tokenizing and memory: llama.cpp's own calls behind an exception guard.
#include "shim.h"

#include "json.h"
#include "llama-ext.h"
#include "log.h"

FLEETOPS_API void fleetops_free(void * memory) { free(memory); }

FLEETOPS_API const char * fleetops_release() { return FLEETOPS_LLAMA_RELEASE; }

// Sizes and defaults as this shim was compiled, for comparison with the binding's structs.
FLEETOPS_API int32_t fleetops_abi(uint64_t * values, int32_t capacity) {
    const auto     context = llama_context_default_params();
    const auto     model   = llama_model_default_params();
    const uint64_t own[]   = {
        FLEETOPS_SHIM_ABI,
        sizeof(llama_model_params),
        sizeof(llama_context_params),
        sizeof(llama_batch),
        sizeof(llama_token_data),
        sizeof(llama_logit_bias),
        sizeof(ggml_backend_dev_props),
        context.n_batch,
        context.n_ubatch,
        (uint64_t) context.type_k,
        (uint64_t) model.split_mode,
    };
    const int32_t count = (int32_t) (sizeof(own) / sizeof(own[0]));
    for (int32_t i = 0; i < count && i < capacity; i++) {
        values[i] = own[i];
    }
    return count;
}

// Turns off what llama.cpp does for people at a terminal and a service can do without.
FLEETOPS_API void fleetops_quiet() {
    // A failed assertion inside ggml would start gdb for a backtrace, which a container lacks and which delays the exit.
    setenv("GGML_NO_BACKTRACE", "1", 0);
    // libllama-common logs to stderr beside llama.cpp's own log. What it would say is in the exceptions too.
    common_log_pause(common_log_main());
}

// An abort callback for a context: `flag` points to an int32_t that another thread sets.
FLEETOPS_API bool fleetops_is_set(void * flag) { return __atomic_load_n((const int32_t *) flag, __ATOMIC_RELAXED) != 0; }

FLEETOPS_API llama_model * fleetops_model_load(const char * path, const llama_model_params * params, char * error, int32_t error_size) {
    return fleetops::guard<llama_model *>(nullptr, error, error_size, [&] { return llama_model_load_from_file(path, *params); });
}

FLEETOPS_API llama_context * fleetops_context_new(llama_model * model, const llama_context_params * params, char * error, int32_t error_size) {
    return fleetops::guard<llama_context *>(nullptr, error, error_size, [&] { return llama_init_from_model(model, *params); });
}

FLEETOPS_API int32_t fleetops_decode(llama_context * context, const llama_batch * batch, char * error, int32_t error_size) {
    return fleetops::guard<int32_t>(FLEETOPS_EXCEPTION, error, error_size, [&] {
        const int32_t status = llama_decode(context, *batch);
        // On a GPU llama_decode returns before the work is done; a fault of the work belongs to this call.
        llama_synchronize(context);
        return status;
    });
}

FLEETOPS_API int32_t fleetops_tokenize(
    const llama_vocab * vocab, const char * text, int32_t length, int32_t * tokens, int32_t capacity, int32_t add_special,
    int32_t parse_special, char * error, int32_t error_size) {
    // -1 and below say how many tokens are needed, so an exception has to lie outside of what a text can need.
    return fleetops::guard<int32_t>(INT32_MIN, error, error_size, [&] {
        return llama_tokenize(vocab, text, length, tokens, capacity, add_special != 0, parse_special != 0);
    });
}

// The memory that a model and its context take, for each kind of buffer, as a JSON array.
FLEETOPS_API char * fleetops_memory_breakdown(const llama_context * context, char * error, int32_t error_size) {
    return fleetops::guard<char *>(nullptr, error, error_size, [&] {
        auto buffers = common_json::array();
        for (const auto & [type, memory] : llama_get_memory_breakdown(context)) {
            auto buffer       = common_json::object();
            buffer["name"]    = std::string(ggml_backend_buft_name(type));
            buffer["host"]    = ggml_backend_buft_is_host(type);
            buffer["model"]   = (uint64_t) memory.model;
            buffer["context"] = (uint64_t) memory.context;
            buffer["compute"] = (uint64_t) memory.compute;
            buffers.push_back(buffer);
        }
        return fleetops::copy(buffers.dump_safe());
    });
}
