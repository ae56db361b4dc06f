namespace FleetOps.LlamaCpp.Models;

/// <summary>Turns what llama.cpp logs about a failed load into a fault. It has no error codes, so its words are all there is.</summary>
internal static class LoadFault
{
    private static readonly (LlamaFault Fault, string[] Signs)[] Known =
    [
        (LlamaFault.UnsupportedArchitecture, ["unknown model architecture", "unknown architecture", "unsupported model architecture"]),
        (LlamaFault.OutOfGpuMemory, ["cudaMalloc failed", "unable to allocate CUDA", "failed to allocate CUDA", "CUDA error: out of memory"]),
        (LlamaFault.OutOfMemory, ["failed to allocate", "unable to allocate", "bad_alloc", "Cannot allocate memory", "insufficient memory"]),
        (LlamaFault.InvalidGguf,
        [
            "invalid magic", "failed to read", "gguf", "corrupted", "is not within the file bounds", "missing tensor", "wrong number of tensors",
            "key not found", "has wrong type", "has wrong shape", "tensor '", "invalid vector", "cannot find tokenizer", "unknown tokenizer",
            "error loading model vocabulary", "error loading model hyperparameters", "unexpectedly reached end of file", "read error", "invalid n_",
        ]),
    ];

    /// <summary>The exception for a load of <paramref name="path"/> that failed.</summary>
    public static LlamaException Describe(string path, string error, string log)
    {
        var words = error.Length == 0 ? log : $"{error}; {log}";
        var fault = LlamaFault.LoadFailed;
        foreach (var (known, signs) in Known)
        {
            if (signs.Any(sign => words.Contains(sign, StringComparison.OrdinalIgnoreCase)))
            {
                fault = known;
                break;
            }
        }

        return new LlamaException(fault, $"The model '{path}' cannot be loaded: {words}. {Cure(fault)}");
    }

    private static string Cure(LlamaFault fault) => fault switch
    {
        LlamaFault.UnsupportedArchitecture => "Use a model whose architecture this release of llama.cpp knows.",
        LlamaFault.OutOfGpuMemory => "Give it more GPU memory, fewer GPU layers, or a smaller quantization.",
        LlamaFault.OutOfMemory => "Give it more memory, or use a smaller quantization.",
        LlamaFault.InvalidGguf => "Fetch the file again, or name a file that is a GGUF model.",
        _ => "The words are llama.cpp's.",
    };
}
