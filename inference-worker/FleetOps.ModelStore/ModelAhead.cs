namespace FleetOps.ModelStore;

/// <summary>A remote model that is about to be downloaded.</summary>
public sealed class ModelAhead
{
    private readonly Func<CancellationToken, Task<ModelHead>> _read;

    internal ModelAhead(Func<CancellationToken, Task<ModelHead>> read) => _read = read;

    /// <summary>Reads its headers: the first megabyte of each file, and more where a header is longer.</summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ModelSourceException">The headers cannot be had, or are no model's.</exception>
    public Task<ModelHead> ReadAsync(CancellationToken cancellationToken = default) => _read(cancellationToken);
}
