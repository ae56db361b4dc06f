using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using FleetOps.Api.Schema;

namespace FleetOps.Api;

/// <summary>How a worker computes. Changing any of it replaces the workers one after another.</summary>
[CelRule("self.kvCacheType == 'F16' || self.flashAttention != 'Disabled'", SpecMessages.QuantizedCacheNeedsFlashAttention)]
[CelRule("self.backend != 'Cpu' || self.gpuLayers <= 0", SpecMessages.CpuHasNoGpuLayers)]
[SchemaRule("""{"anyOf":[{"properties":{"kvCacheType":{"pattern":"^F16$"}}},{"properties":{"flashAttention":{"pattern":"^(Auto|Enabled)$"}}}]}""")]
[SchemaRule("""{"anyOf":[{"properties":{"backend":{"pattern":"^(Auto|Cuda)$"}}},{"properties":{"gpuLayers":{"maximum":0}}}]}""")]
public sealed record EngineSpec
{
    /// <summary>What computes the model: Auto takes CUDA when the pod has a usable device and the CPU otherwise; Cuda fails without a device; Cpu.</summary>
    [DefaultValue("Auto")]
    public Backend Backend { get; set; }

    /// <summary>Tokens per sequence, prompt and answer together. A worker refuses more than the model was trained for.</summary>
    [Range(64, 16_777_216)]
    [DefaultValue(4096)]
    public int ContextLength { get; set; } = 4096;

    /// <summary>Sequences that one worker decodes together. The attention cache holds contextLength tokens for each.</summary>
    [Range(1, 256)]
    [DefaultValue(8)]
    public int MaxSequences { get; set; } = 8;

    /// <summary>Number format of the attention cache: F16, or Q8_0 and Q4_0 for less memory. The latter two need flash attention.</summary>
    [DefaultValue("F16")]
    public KvCacheType KvCacheType { get; set; }

    /// <summary>Whether the fused attention kernel is used: Auto, Enabled or Disabled.</summary>
    [DefaultValue("Auto")]
    public FlashAttention FlashAttention { get; set; }

    /// <summary>Layers that are kept on the GPU; -1 for all of them.</summary>
    [Range(-1, 1000)]
    [DefaultValue(-1)]
    public int GpuLayers { get; set; } = -1;

    /// <summary>How the model is spread over several GPUs: Layer gives each whole layers, Row a part of each layer, None uses one GPU. Layer when left out.</summary>
    public SplitMode? SplitMode { get; init; }

    /// <summary>Share of each GPU, in their order, such as 3,1. By free memory when left out.</summary>
    [StringLength(128, MinimumLength = 1)]
    [RegularExpression(Patterns.Shares)]
    [CelRule("self.matches(r'" + Patterns.Shares + "')", SpecMessages.TensorSplit)]
    public string? TensorSplit { get; init; }

    /// <summary>Tokens that are computed in one batch. More is faster for long prompts and takes more memory. The worker's own default when left out.</summary>
    [Range(64, 65_536)]
    public int? BatchTokens { get; init; }

    /// <summary>
    /// Tokens that are guessed ahead for each stream from what its text repeats; the answer stays the same. Faster where answers repeat their
    /// prompt, as in summaries and code changes, else slower. 0, none, when left out.
    /// </summary>
    [Range(0, 16)]
    public int? DraftTokens { get; init; }

    /// <summary>How embeddings are pooled: None, Mean, Cls, Last or Rank. What the model's file says when left out; given for a model that generates, it embeds too.</summary>
    public Pooling? Pooling { get; init; }

    /// <summary>What is done when the model needs more memory than there is, which is known before its download: Refuse, the default, or Warn, which tries it all the same.</summary>
    public FitCheck? FitCheck { get; init; }
}
