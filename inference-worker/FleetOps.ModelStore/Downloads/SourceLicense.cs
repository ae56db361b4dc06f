using FleetOps.ModelStore.Gguf;
using FleetOps.ModelStore.Verification;

namespace FleetOps.ModelStore.Downloads;

/// <summary>The licence of a model, as its source tells it.</summary>
/// <param name="Name">Its name; null when nobody names one.</param>
/// <param name="Link">Where its text is; null when nobody says.</param>
/// <param name="IsGated">Whether the source gives the model only to those who accepted it.</param>
internal sealed record SourceLicense(string? Name, string? Link = null, bool IsGated = false)
{
    /// <summary>Nothing is said.</summary>
    public static SourceLicense Unknown { get; } = new((string?)null);

    /// <summary>What a record says.</summary>
    public static SourceLicense Of(Verdict? verdict) => verdict is null ? Unknown : new SourceLicense(verdict.License, verdict.LicenseLink, verdict.IsGated);

    /// <summary>What the file itself says, where the source does not.</summary>
    public SourceLicense Or(GgufHeader? header) => header is null ? this : this with
    {
        Name = Name ?? header.License,
        Link = Link ?? (Name is null || Name == header.License ? header.LicenseLink : null),
    };
}
