using FleetOps.ModelStore.Http;

namespace FleetOps.ModelStore.Hub;

/// <summary>The <c>Link</c> header by which the hub names the next page of a listing.</summary>
internal static class HubPaging
{
    /// <summary>The next page; null on the last one, and when the header leads off the hub.</summary>
    public static Uri? Next(HttpAnswer answer)
    {
        string? link = answer.Header("Link")?.Split(',').FirstOrDefault(part => part.Contains("rel=\"next\"", StringComparison.Ordinal));
        int start = link?.IndexOf('<', StringComparison.Ordinal) ?? -1;
        int end = link?.IndexOf('>', StringComparison.Ordinal) ?? -1;
        return start >= 0 && end > start && Uri.TryCreate(answer.Address, link![(start + 1)..end], out Uri? next) && HttpExchange.SameOrigin(answer.Address, next)
            ? next
            : null;
    }
}
