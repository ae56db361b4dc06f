// Prints the size of each struct that the binding mirrors, and offset and size of each field, from the pinned headers.
#include "llama.h"
#include <stdio.h>

#define S(T) printf("%s %zu\n", #T, sizeof(struct T))
#define F(T, f) printf("%s.%s %zu %zu\n", #T, #f, offsetof(struct T, f), sizeof(((struct T *) 0)->f))

int main(void) {
    S(llama_model_params);
#define M(f) F(llama_model_params, f)
    M(devices); M(tensor_buft_overrides); M(n_gpu_layers); M(split_mode); M(load_mode); M(lazy_mode); M(main_gpu); M(tensor_split);
    M(progress_callback); M(progress_callback_user_data); M(kv_overrides); M(vocab_only); M(check_tensors); M(use_extra_bufts);
    M(no_host); M(no_alloc); M(load_mtp);

    S(llama_context_params);
#define C(f) F(llama_context_params, f)
    C(n_ctx); C(n_batch); C(n_ubatch); C(n_seq_max); C(n_rs_seq); C(n_outputs_max); C(n_outputs_max_per_seq); C(n_threads);
    C(n_threads_batch); C(ctx_type); C(rope_scaling_type); C(pooling_type); C(attention_type); C(flash_attn_type); C(rope_freq_base);
    C(rope_freq_scale); C(yarn_ext_factor); C(yarn_attn_factor); C(yarn_beta_fast); C(yarn_beta_slow); C(yarn_orig_ctx);
    C(defrag_thold); C(cb_eval); C(cb_eval_user_data); C(type_k); C(type_v); C(abort_callback); C(abort_callback_data); C(embeddings);
    C(offload_kqv); C(no_perf); C(op_offload); C(swa_full); C(kv_unified); C(samplers); C(n_samplers); C(ctx_other);

    S(llama_batch);
#define B(f) F(llama_batch, f)
    B(n_tokens); B(token); B(embd); B(pos); B(n_seq_id); B(seq_id); B(logits);

    S(llama_token_data);
    F(llama_token_data, id); F(llama_token_data, logit); F(llama_token_data, p);

    S(llama_logit_bias);
    F(llama_logit_bias, token); F(llama_logit_bias, bias);

    S(llama_sampler_chain_params);
    F(llama_sampler_chain_params, no_perf);

    S(ggml_backend_dev_caps);
#define K(f) F(ggml_backend_dev_caps, f)
    K(async); K(host_buffer); K(buffer_from_host_ptr); K(events); K(mmap_support);

    S(ggml_backend_dev_props);
#define D(f) F(ggml_backend_dev_props, f)
    D(name); D(description); D(memory_free); D(memory_total); D(type); D(device_id); D(caps);
    return 0;
}
