using System.Runtime.InteropServices;

namespace FleetOps.LlamaCpp.Native;

/// <summary>
/// The functions of <c>llama.h</c> that are used, under their C names. Only those that cannot throw are here;
/// the others are called through <see cref="ShimNative"/>.
/// </summary>
internal static unsafe partial class LlamaNative
{
    /// <summary>The name that <see cref="NativeLibraries"/> maps to the loaded libllama.</summary>
    public const string Library = "llama";

    [LibraryImport(Library)] public static partial void llama_backend_init();
    [LibraryImport(Library)] public static partial void llama_numa_init(int strategy);
    [LibraryImport(Library)] public static partial void llama_log_set(delegate* unmanaged[Cdecl]<int, byte*, void*, void> callback, void* userData);

    [LibraryImport(Library)] public static partial LlamaModelParams llama_model_default_params();
    [LibraryImport(Library)] public static partial LlamaContextParams llama_context_default_params();

    [LibraryImport(Library)] public static partial void llama_model_free(nint model);
    [LibraryImport(Library)] public static partial nint llama_model_get_vocab(nint model);
    [LibraryImport(Library)] public static partial int llama_model_n_ctx_train(nint model);
    [LibraryImport(Library)] public static partial int llama_model_n_embd(nint model);
    [LibraryImport(Library)] public static partial int llama_model_n_embd_out(nint model);
    [LibraryImport(Library)] public static partial uint llama_model_n_cls_out(nint model);
    [LibraryImport(Library)] public static partial int llama_model_rope_type(nint model);
    [LibraryImport(Library)] public static partial int llama_model_n_layer(nint model);
    [LibraryImport(Library)] public static partial ulong llama_model_size(nint model);
    [LibraryImport(Library)] public static partial ulong llama_model_n_params(nint model);
    [LibraryImport(Library)] public static partial int llama_model_ftype(nint model);
    [LibraryImport(Library)] public static partial nint llama_ftype_name(int fileType);
    [LibraryImport(Library)] public static partial int llama_model_desc(nint model, byte* buffer, nuint size);
    [LibraryImport(Library)] public static partial int llama_model_meta_count(nint model);
    [LibraryImport(Library)] public static partial int llama_model_meta_key_by_index(nint model, int index, byte* buffer, nuint size);
    [LibraryImport(Library)] public static partial int llama_model_meta_val_str_by_index(nint model, int index, byte* buffer, nuint size);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial nint llama_model_chat_template(nint model, string? name);
    [LibraryImport(Library)] public static partial byte llama_model_has_encoder(nint model);
    [LibraryImport(Library)] public static partial byte llama_model_has_decoder(nint model);
    [LibraryImport(Library)] public static partial byte llama_model_is_recurrent(nint model);
    [LibraryImport(Library)] public static partial byte llama_model_is_hybrid(nint model);
    [LibraryImport(Library)] public static partial int llama_model_n_swa(nint model);

    [LibraryImport(Library)] public static partial int llama_vocab_n_tokens(nint vocab);
    [LibraryImport(Library)] public static partial int llama_vocab_type(nint vocab);
    [LibraryImport(Library)] public static partial int llama_vocab_bos(nint vocab);
    [LibraryImport(Library)] public static partial int llama_vocab_eos(nint vocab);
    [LibraryImport(Library)] public static partial int llama_vocab_eot(nint vocab);
    [LibraryImport(Library)] public static partial int llama_vocab_sep(nint vocab);
    [LibraryImport(Library)] public static partial byte llama_vocab_get_add_sep(nint vocab);
    [LibraryImport(Library)] public static partial byte llama_vocab_get_add_bos(nint vocab);
    [LibraryImport(Library)] public static partial byte llama_vocab_get_add_eos(nint vocab);
    [LibraryImport(Library)] public static partial byte llama_vocab_is_eog(nint vocab, int token);
    [LibraryImport(Library)] public static partial byte llama_vocab_is_control(nint vocab, int token);
    [LibraryImport(Library)] public static partial int llama_token_to_piece(nint vocab, int token, byte* buffer, int length, int lstrip, byte special);
    [LibraryImport(Library)] public static partial int llama_detokenize(nint vocab, int* tokens, int count, byte* text, int capacity, byte removeSpecial, byte unparseSpecial);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial nint llama_adapter_lora_init(nint model, string path);
    [LibraryImport(Library)] public static partial void llama_adapter_lora_free(nint adapter);
    [LibraryImport(Library)] public static partial int llama_set_adapters_lora(nint context, nint* adapters, nuint count, float* scales);

    [LibraryImport(Library)] public static partial void llama_free(nint context);
    [LibraryImport(Library)] public static partial uint llama_n_ctx(nint context);
    [LibraryImport(Library)] public static partial uint llama_n_ctx_seq(nint context);
    [LibraryImport(Library)] public static partial uint llama_n_batch(nint context);
    [LibraryImport(Library)] public static partial uint llama_n_ubatch(nint context);
    [LibraryImport(Library)] public static partial void llama_set_n_threads(nint context, int threads, int batchThreads);
    [LibraryImport(Library)] public static partial float* llama_get_logits_ith(nint context, int index);
    [LibraryImport(Library)] public static partial int llama_pooling_type(nint context);
    [LibraryImport(Library)] public static partial float* llama_get_embeddings_ith(nint context, int index);
    [LibraryImport(Library)] public static partial float* llama_get_embeddings_seq(nint context, int sequence);

    [LibraryImport(Library)] public static partial nint llama_get_memory(nint context);
    [LibraryImport(Library)] public static partial void llama_memory_clear(nint memory, byte data);
    [LibraryImport(Library)] public static partial byte llama_memory_seq_rm(nint memory, int sequence, int from, int to);
    [LibraryImport(Library)] public static partial void llama_memory_seq_cp(nint memory, int source, int destination, int from, int to);
    [LibraryImport(Library)] public static partial int llama_memory_seq_pos_min(nint memory, int sequence);
    [LibraryImport(Library)] public static partial int llama_memory_seq_pos_max(nint memory, int sequence);

    [LibraryImport(Library)] public static partial nint llama_sampler_chain_init(LlamaSamplerChainParams parameters);
    [LibraryImport(Library)] public static partial void llama_sampler_chain_add(nint chain, nint sampler);
    [LibraryImport(Library)] public static partial void llama_sampler_free(nint sampler);
    [LibraryImport(Library)] public static partial nint llama_sampler_init_greedy();
    [LibraryImport(Library)] public static partial nint llama_sampler_init_dist(uint seed);
    [LibraryImport(Library)] public static partial nint llama_sampler_init_top_k(int k);
    [LibraryImport(Library)] public static partial nint llama_sampler_init_top_p(float p, nuint minKeep);
    [LibraryImport(Library)] public static partial nint llama_sampler_init_min_p(float p, nuint minKeep);
    [LibraryImport(Library)] public static partial nint llama_sampler_init_typical(float p, nuint minKeep);
    [LibraryImport(Library)] public static partial nint llama_sampler_init_temp(float temperature);
    [LibraryImport(Library)] public static partial nint llama_sampler_init_penalties(int vocabulary, int lastN, float repeat, float frequency, float presence);
    [LibraryImport(Library)] public static partial nint llama_sampler_init_xtc(float p, float threshold, nuint minKeep, uint seed);
    [LibraryImport(Library)] public static partial nint llama_sampler_init_top_n_sigma(float n);
    [LibraryImport(Library)] public static partial nint llama_sampler_init_mirostat(int vocabulary, uint seed, float tau, float eta, int m);
    [LibraryImport(Library)] public static partial nint llama_sampler_init_mirostat_v2(uint seed, float tau, float eta);
    [LibraryImport(Library)] public static partial nint llama_sampler_init_dry(nint vocab, float multiplier, float growth, int allowedLength, int lastN, byte** breakers, nuint count);
}
