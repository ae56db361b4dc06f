using System.Runtime.InteropServices;

namespace FleetOps.LlamaCpp.Native;

/// <summary>The functions of <c>libfleetops-llama.so</c>; see <c>native/shim/shim.h</c> for the rules that they keep.</summary>
internal static unsafe partial class ShimNative
{
    /// <summary>The name that <see cref="NativeLibraries"/> maps to the loaded shim.</summary>
    public const string Library = "fleetops-llama";

    /// <summary>The shim's <c>FLEETOPS_SHIM_ABI</c> that this binding is written for.</summary>
    public const ulong Abi = 2;

    /// <summary>The shim's <c>FLEETOPS_EXCEPTION</c>: a C++ exception was caught and described.</summary>
    public const int Exception = -1000;

    [LibraryImport(Library)] public static partial void fleetops_free(nint memory);
    [LibraryImport(Library)] public static partial nint fleetops_release();
    [LibraryImport(Library)] public static partial int fleetops_abi(ulong* values, int capacity);
    [LibraryImport(Library)] public static partial void fleetops_quiet();
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial void fleetops_crash_log(string file, string before, string after);
    [LibraryImport(Library)] public static partial void fleetops_crash_told();

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial nint fleetops_model_load(string path, LlamaModelParams* parameters, byte* error, int errorSize);
    [LibraryImport(Library)] public static partial nint fleetops_context_new(nint model, LlamaContextParams* parameters, byte* error, int errorSize);
    [LibraryImport(Library)] public static partial int fleetops_decode(nint context, LlamaBatchNative* batch, byte* error, int errorSize);
    [LibraryImport(Library)] public static partial int fleetops_tokenize(nint vocab, byte* text, int length, int* tokens, int capacity, int addSpecial, int parseSpecial, byte* error, int errorSize);
    [LibraryImport(Library)] public static partial nint fleetops_memory_breakdown(nint context, byte* error, int errorSize);

    [LibraryImport(Library)] public static partial nint fleetops_sampler_new(nint chain, nint grammar);
    [LibraryImport(Library)] public static partial void fleetops_sampler_free(nint sampler);
    [LibraryImport(Library)] public static partial int fleetops_sampler_sample(nint sampler, nint context, int index, byte* error, int errorSize);
    [LibraryImport(Library)] public static partial int fleetops_sampler_bias(nint sampler, LlamaLogitBias* biases, int count, byte* error, int errorSize);
    [LibraryImport(Library)] public static partial int fleetops_sampler_delay(nint sampler, int* tokens, int count, int delay, byte* error, int errorSize);
    [LibraryImport(Library)] public static partial int fleetops_sampler_accept(nint sampler, int token, int ofAnswer, byte* error, int errorSize);
    [LibraryImport(Library)] public static partial int fleetops_sampler_reset(nint sampler, byte* error, int errorSize);
    [LibraryImport(Library)] public static partial nint fleetops_sampler_clone(nint sampler, byte* error, int errorSize);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial nint fleetops_grammar_new(nint vocab, string grammar, string root, string options, byte* error, int errorSize);
    [LibraryImport(Library)] public static partial void fleetops_grammar_free(nint grammar);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial nint fleetops_schema_to_grammar(string schema, byte* error, int errorSize);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial nint fleetops_chat_template_new(nint model, string source, byte* error, int errorSize);
    [LibraryImport(Library)] public static partial void fleetops_chat_template_free(nint chat);
    [LibraryImport(Library)] public static partial int fleetops_chat_template_is_explicit(nint chat);
    [LibraryImport(Library)] public static partial nint fleetops_chat_template_source(nint chat, byte* error, int errorSize);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial nint fleetops_chat_apply(nint chat, string request, byte* error, int errorSize);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial nint fleetops_chat_parser_new(string parser, byte* error, int errorSize);
    [LibraryImport(Library)] public static partial void fleetops_chat_parser_free(nint parser);
    [LibraryImport(Library)] public static partial nint fleetops_chat_parse(nint parser, byte* text, int length, int partial, byte* error, int errorSize);
}
