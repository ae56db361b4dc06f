using FleetOps.ModelStore.Downloads;
using FleetOps.ModelStore.Http;

namespace FleetOps.ModelStore.Cache;

/// <summary>The ways to ask for one model: its source, and mirrors of it that are asked in turn while the source does not answer.</summary>
internal sealed class ResolveRing(IReadOnlyList<Func<CancellationToken, Task<RemoteModel>>> ways)
{
    private const int AttemptsWithMirrors = 3;
    private int _next;

    /// <summary>True when there are mirrors.</summary>
    public bool HasMirrors => ways.Count > 1;

    /// <summary>How often in a row a download may fail before another way is tried.</summary>
    public int DownloadAttempts(ModelFetcherOptions options) => HasMirrors ? Math.Min(AttemptsWithMirrors, options.MaxAttempts) : options.MaxAttempts;

    /// <summary>Asks the next one.</summary>
    public async Task<RemoteModel> ResolveAsync(CancellationToken cancellationToken)
    {
        int way = _next++ % ways.Count;
        try
        {
            return await ways[way](cancellationToken).ConfigureAwait(false);
        }
        catch (ModelSourceException e) when (HasMirrors && e is not TransientSourceException && (way > 0 || e.Reason == ModelSourceReason.SourceUnreachable))
        {
            // What the source says is final; a mirror may lack what the source has.
            throw new TransientSourceException(e.Reason, e.Message, innerException: e);
        }
    }
}
