using System.Runtime.InteropServices;

namespace FleetOps.LlamaCpp.Native;

/// <summary>
/// Loads libllama and the shim from one folder, once for a process, and checks that both are what this binding was
/// written for. Their other libraries come from the same folder, because their run path is <c>$ORIGIN</c>.
/// </summary>
internal static unsafe class NativeLibraries
{
    private const string ShimFile = "libfleetops-llama.so";
    private static nint _llama;
    private static nint _shim;

    /// <summary>
    /// The shim's <c>fleetops_is_set</c>, llama.cpp's abort callback. It is native code because the threads that compute
    /// call it thousands of times a second, and managed code would make each of them wait for garbage collections.
    /// </summary>
    public static nint AbortCallback { get; private set; }

    /// <summary>Loads the libraries of <paramref name="directory"/>; called once, under the runtime's lock.</summary>
    public static void Load(string directory)
    {
        if (_shim != 0)
        {
            // A start that failed later, for want of CUDA, leaves the libraries loaded; they are the same ones.
            return;
        }

        _llama = Open(FindCore(directory));
        _shim = Open(Path.Combine(directory, ShimFile));
        NativeLibrary.SetDllImportResolver(typeof(NativeLibraries).Assembly, static (name, _, _) => name switch
        {
            LlamaNative.Library => _llama,
            ShimNative.Library => _shim,
            _ => 0,
        });
        CheckAbi(directory);
        AbortCallback = NativeLibrary.GetExport(_shim, "fleetops_is_set");
    }

    private static string FindCore(string directory)
    {
        if (!Directory.Exists(directory))
        {
            throw new LlamaException(LlamaFault.NativeLibraryMissing,
                $"The folder of native libraries '{directory}' does not exist. Run inference-worker/native/restore and name the folder that it prints.");
        }

        // The release is part of the file name, and a folder that holds two releases would load a mixture of them.
        var found = Directory.GetFiles(directory, "libllama.*so");
        return found.Length == 1 && File.Exists(Path.Combine(directory, ShimFile))
            ? found[0]
            : throw new LlamaException(LlamaFault.NativeLibraryMissing,
                $"'{directory}' must hold one libllama.*.so and {ShimFile}, and holds {found.Length} and {(File.Exists(Path.Combine(directory, ShimFile)) ? 1 : 0)}. Run inference-worker/native/restore and name the folder that it prints.");
    }

    private static nint Open(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new LlamaException(LlamaFault.NativeLibraryMissing, $"'{path}' cannot be loaded: {e.Message}", e);
        }
    }

    // A struct that is a few bytes off would corrupt memory long before anything fails visibly, so a mismatch ends the start.
    private static void CheckAbi(string directory)
    {
        var context = LlamaNative.llama_context_default_params();
        ReadOnlySpan<(string Name, ulong Value)> own =
        [
            ("shim ABI", ShimNative.Abi),
            ("sizeof(llama_model_params)", (ulong)sizeof(LlamaModelParams)),
            ("sizeof(llama_context_params)", (ulong)sizeof(LlamaContextParams)),
            ("sizeof(llama_batch)", (ulong)sizeof(LlamaBatchNative)),
            ("sizeof(llama_token_data)", (ulong)sizeof(LlamaTokenData)),
            ("sizeof(llama_logit_bias)", (ulong)sizeof(LlamaLogitBias)),
            ("sizeof(ggml_backend_dev_props)", (ulong)sizeof(GgmlBackendDevProps)),
            ("default n_batch", context.NBatch),
            ("default n_ubatch", context.NUbatch),
            ("default type_k", (ulong)context.TypeK),
            ("default split_mode", (ulong)LlamaNative.llama_model_default_params().SplitMode),
        ];
        var theirs = stackalloc ulong[own.Length];
        var count = ShimNative.fleetops_abi(theirs, own.Length);
        for (var i = 0; i < own.Length; i++)
        {
            if (count != own.Length || theirs[i] != own[i].Value)
            {
                throw new LlamaException(LlamaFault.NativeLibraryMismatch,
                    $"The native libraries in '{directory}' are another release than this program was built for: {own[i].Name} is {own[i].Value} here and {(i < count ? theirs[i] : 0)} there. Restore them with inference-worker/native/restore.");
            }
        }
    }
}
