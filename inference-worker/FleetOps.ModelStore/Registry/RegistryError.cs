namespace FleetOps.ModelStore.Registry;

/// <summary>One error of a registry. Its message is left out: it might echo a secret.</summary>
internal sealed record RegistryError
{
    /// <summary>One of the codes of the distribution protocol, as in <c>MANIFEST_UNKNOWN</c>.</summary>
    public string? Code { get; init; }
}
