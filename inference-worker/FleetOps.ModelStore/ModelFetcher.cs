namespace FleetOps.ModelStore;

/// <summary>Turns sources into verified files. Thread-safe; one instance serves a whole process.</summary>
public sealed class ModelFetcher : IDisposable
{
    private readonly ModelFetcherOptions _options;

    /// <summary>Creates a fetcher.</summary>
    /// <param name="options">Where files live and how patient to be.</param>
    /// <exception cref="ModelSourceException">An option is out of its range (<see cref="ModelSourceReason.InvalidConfiguration"/>).</exception>
    public ModelFetcher(ModelFetcherOptions options)
    {
        options.Validate();
        _options = options;
    }

    /// <summary>
    /// Fetches one model.
    /// </summary>
    /// <param name="request">What to fetch and what it has to be.</param>
    /// <param name="progress">Is told how the fetch goes; may be null.</param>
    /// <param name="cancellationToken">Ends the fetch; what was downloaded stays and the next fetch goes on from there.</param>
    /// <exception cref="ModelSourceException">No verified file came of it; its reason says why.</exception>
    public Task<VerifiedModel> FetchAsync(FetchRequest request, IProgress<FetchProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        _ = _options;
        throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
