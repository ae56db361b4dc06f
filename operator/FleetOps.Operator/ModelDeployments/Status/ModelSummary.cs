using System.Globalization;
using FleetOps.Api;
using FleetOps.Operator.ModelDeployments.Observe;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>The model, as status tells it.</summary>
internal static class ModelSummary
{
    public static ServedModel Of(WorkerModel model) => new()
    {
        Summary = Cut($"{model.Architecture} {Human(model.Parameters)}".Trim(), 128),
        Architecture = Cut(model.Architecture, 64),
        Name = Cut(model.Name, 256),
        Parameters = model.Parameters,
        Quantization = Cut(model.Quantization, 32),
        ContextLength = model.ContextLength,
        SizeBytes = model.SizeBytes,
        Sha256 = Cut(model.Sha256, 64),
        DigestOrigin = Cut(model.DigestOrigin, 32),
        License = Cut(model.License, 128),
        Revision = Cut(model.Revision, 128),
    };

    private static string Human(long parameters) => parameters switch
    {
        >= 1_000_000_000_000 => Scaled(parameters, 1e12, "T"),
        >= 1_000_000_000 => Scaled(parameters, 1e9, "B"),
        >= 1_000_000 => Scaled(parameters, 1e6, "M"),
        >= 1_000 => Scaled(parameters, 1e3, "K"),
        _ => "",
    };

    private static string Scaled(long parameters, double unit, string letter) =>
        (parameters / unit).ToString("0.0", CultureInfo.InvariantCulture) + letter;

    // What a file says about itself has no bounds; status has.
    private static string? Cut(string? text, int length) =>
        string.IsNullOrEmpty(text) ? null : Text.Cut(text, length);
}
