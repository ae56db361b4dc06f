using System.Globalization;
using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>What is known of weights, for events, which outlive the objects that they are about.</summary>
internal static class Provenance
{
    public static string Of(ModelReference model, ServedModel served) => Conditions.NamesDigest(model, served)
        ? $"The weights from {model.Source} are verified: {Found(served.Revision, served.Sha256, served.SizeBytes, served.License)}"
        : $"The weights from {model.Source} were found with a digest that nothing was compared with: {Found(served.Revision, served.Sha256, served.SizeBytes, served.License)}";

    /// <summary>What a fetch found, as the rest of a sentence.</summary>
    public static string Found(string? revision, string? sha256, long? sizeBytes, string? license) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(revision is null ? "" : $"revision {revision}, ")}sha256 {sha256 ?? "not known"}, {sizeBytes ?? 0} bytes, licence {license ?? "not stated"}.");
}
