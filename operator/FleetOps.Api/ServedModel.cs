using System.ComponentModel.DataAnnotations;

namespace FleetOps.Api;

/// <summary>The model as the workers found it in the file.</summary>
public sealed record ServedModel
{
    /// <summary>Architecture and number of parameters for people, as in llama 8.0B.</summary>
    [StringLength(128)]
    public string? Summary { get; init; }

    /// <summary>Architecture, as in llama.</summary>
    [StringLength(64)]
    public string? Architecture { get; init; }

    /// <summary>Name that the file gives itself.</summary>
    [StringLength(256)]
    public string? Name { get; init; }

    /// <summary>Number of parameters.</summary>
    public long Parameters { get; init; }

    /// <summary>Number format of the weights, as in Q4_K_M.</summary>
    [StringLength(32)]
    public string? Quantization { get; init; }

    /// <summary>Tokens per sequence that the model was trained for.</summary>
    public long ContextLength { get; init; }

    /// <summary>Size of the file in bytes.</summary>
    public long SizeBytes { get; init; }

    /// <summary>SHA-256 of the file.</summary>
    [StringLength(64)]
    public string? Sha256 { get; init; }

    /// <summary>Who named the SHA-256 that the file was compared with: Request (the spec), Source, Record (what was found when it was fetched), or Computed for nobody.</summary>
    [StringLength(32)]
    public string? DigestOrigin { get; init; }

    /// <summary>Licence that the file or the hub states.</summary>
    [StringLength(128)]
    public string? License { get; init; }

    /// <summary>Commit that the revision stood for, for hf:// sources; version of the object, for s3:// sources; digest of the manifest that the tag stood for, for oci:// sources.</summary>
    [StringLength(128)]
    public string? Revision { get; init; }
}
