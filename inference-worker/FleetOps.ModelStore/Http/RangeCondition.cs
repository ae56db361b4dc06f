using System.Net.Http.Headers;

namespace FleetOps.ModelStore.Http;

/// <summary>Asks for a part of a file, provided that it is still the same file.</summary>
/// <param name="From">First byte that is wanted.</param>
/// <param name="ETag">Strong validator of the file; null when the server gave none.</param>
/// <param name="LastModified">Its time of change, used when there is no validator.</param>
internal sealed record RangeCondition(long From, string? ETag, DateTimeOffset? LastModified)
{
    /// <summary>Last byte that is wanted; null for all that follow.</summary>
    public long? To { get; init; }

    /// <summary>Whether another file is refused (<c>If-Match</c>) where there is a validator; else the server sends all of it (<c>If-Range</c>).</summary>
    public bool MustMatch { get; init; }

    public void Apply(HttpRequestHeaders headers)
    {
        headers.Range = new RangeHeaderValue(From, To);
        if (ETag is not null && EntityTagHeaderValue.TryParse(ETag, out EntityTagHeaderValue? tag) && !tag.IsWeak)
        {
            if (MustMatch)
            {
                headers.IfMatch.Add(tag);
            }
            else
            {
                headers.IfRange = new RangeConditionHeaderValue(tag);
            }
        }
        else if (LastModified is { } time)
        {
            headers.IfRange = new RangeConditionHeaderValue(time);
        }
    }
}
