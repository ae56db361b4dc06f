namespace FleetOps.LlamaCpp;

/// <summary>Why a call to llama.cpp failed. The list is closed: programs map it to exit codes and conditions.</summary>
public enum LlamaFault
{
    /// <summary>A native library is not where it should be, or cannot be loaded.</summary>
    NativeLibraryMissing,

    /// <summary>The native libraries are another release than the binding was written for.</summary>
    NativeLibraryMismatch,

    /// <summary>CUDA was asked for and cannot be used on this node.</summary>
    CudaUnavailable,

    /// <summary>The model file does not exist or may not be read.</summary>
    ModelUnreadable,

    /// <summary>The file is not a whole, well-formed GGUF model.</summary>
    InvalidGguf,

    /// <summary>The file is a GGUF model of an architecture that this release of llama.cpp does not know.</summary>
    UnsupportedArchitecture,

    /// <summary>The node has too little main memory.</summary>
    OutOfMemory,

    /// <summary>The GPU has too little memory.</summary>
    OutOfGpuMemory,

    /// <summary>The model could not be loaded for another reason; the message holds llama.cpp's own words.</summary>
    LoadFailed,

    /// <summary>The file is no LoRA adapter, or not one for this model.</summary>
    AdapterRejected,

    /// <summary>llama.cpp refused the parameters of a context for this model.</summary>
    ContextRejected,

    /// <summary>A text cannot be tokenized, or tokens cannot be turned into text.</summary>
    TokenizationFailed,

    /// <summary>llama.cpp refused a batch, for example because the positions of a sequence are not consecutive.</summary>
    BatchRejected,

    /// <summary>A decode failed inside the engine. The context should not be used any more.</summary>
    DecodeFailed,

    /// <summary>A grammar or JSON schema cannot be compiled.</summary>
    InvalidGrammar,

    /// <summary>No token could be chosen or accepted, for example because the grammar allows none.</summary>
    SamplingFailed,

    /// <summary>A chat template cannot be parsed, or fails on these messages.</summary>
    TemplateFailed,
}
