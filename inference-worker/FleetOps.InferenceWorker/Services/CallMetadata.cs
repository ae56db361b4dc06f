using System.Globalization;
using FleetOps.Inference.V1;
using FleetOps.InferenceWorker.Telemetry;
using Grpc.Core;

namespace FleetOps.InferenceWorker.Services;

/// <summary>What the metadata of a call says about who asks.</summary>
/// <param name="RequestId">Names the request in logs and for an abort.</param>
/// <param name="Tenant">On whose behalf; empty is a tenant like any other.</param>
/// <param name="Priority">-100 to 100; the highest waits least.</param>
/// <param name="CacheSalt">Keeps cached prompts apart; empty for none.</param>
internal sealed record CallMetadata(string RequestId, string Tenant, int Priority, string CacheSalt)
{
    private const int MaxLength = 128;
    private const int MaxPriority = 100;

    /// <summary>Reads the metadata.</summary>
    /// <param name="context">The call.</param>
    /// <param name="violations">Receives what is wrong.</param>
    public static CallMetadata Read(ServerCallContext context, FieldViolations violations)
    {
        var priority = 0;
        if (context.RequestHeaders.GetValue(RequestMetadata.Priority) is { } text
            && !(int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out priority) && Math.Abs((long)priority) <= MaxPriority))
        {
            violations.Add(RequestMetadata.Priority, $"is '{Shown(text)}'; it must be a whole number from -{MaxPriority} to {MaxPriority}.");
        }

        return new CallMetadata(
            RequestIdentity.Of(context).RequestId, ReadText(RequestMetadata.Tenant, context, violations), priority, ReadText(RequestMetadata.CacheSalt, context, violations));
    }

    private static string ReadText(string name, ServerCallContext context, FieldViolations violations)
    {
        var text = context.RequestHeaders.GetValue(name) ?? "";
        if (text.Length > MaxLength || text.Any(character => character is < ' ' or > '~'))
        {
            violations.Add(name, $"is '{Shown(text)}'; it must be at most {MaxLength} visible ASCII characters.");
        }

        return text;
    }

    private static string Shown(string text) => text.Length > 40 ? text[..40] + "…" : text;
}
