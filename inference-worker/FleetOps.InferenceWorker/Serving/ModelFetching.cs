using FleetOps.InferenceWorker.State;
using FleetOps.ModelStore;
using FleetOps.ModelStore.S3;
using FleetOps.ModelStore.Sources;

namespace FleetOps.InferenceWorker.Serving;

/// <summary>Gets the model's file by way of the model store, and puts its reasons into the worker's words.</summary>
internal static class ModelFetching
{
    /// <summary>Where <c>s3://</c> is, by the variables of Amazon's tools.</summary>
    /// <exception cref="WorkerFailedException">One of them cannot be used.</exception>
    public static S3Options S3
    {
        get
        {
            try
            {
                return S3Options.FromEnvironment();
            }
            catch (ModelSourceException exception)
            {
                throw new WorkerFailedException(ReasonOf(exception.Reason), exception.Message, exception);
            }
        }
    }

    /// <summary>Fetches and verifies.</summary>
    /// <exception cref="WorkerFailedException">No verified file came of it.</exception>
    public static async Task<VerifiedModel> FetchAsync(
        ModelFetcherOptions options, FetchRequest request, IProgress<FetchProgress>? progress, CancellationToken cancellationToken)
    {
        try
        {
            using var fetcher = new ModelFetcher(options);
            return await fetcher.FetchAsync(request, progress, cancellationToken);
        }
        catch (ModelSourceException exception)
        {
            throw new WorkerFailedException(ReasonOf(exception.Reason), exception.Message, exception);
        }
    }

    /// <summary>Removes what was fetched.</summary>
    /// <exception cref="WorkerFailedException">It could not be removed.</exception>
    public static async Task<ModelRemoval> RemoveAsync(ModelFetcherOptions options, FetchRequest request, CancellationToken cancellationToken)
    {
        try
        {
            using var fetcher = new ModelFetcher(options);
            return await fetcher.RemoveAsync(request, cancellationToken);
        }
        catch (ModelSourceException exception)
        {
            throw new WorkerFailedException(ReasonOf(exception.Reason), exception.Message, exception);
        }
    }

    /// <summary>Reads a source.</summary>
    /// <exception cref="WorkerFailedException">The text is no source.</exception>
    public static ModelSource ParseSource(string text) => ModelSource.TryParse(text, out var source, out var error)
        ? source
        : throw new WorkerFailedException(FailureReason.InvalidConfiguration, $"--source is wrong: {error}");

    /// <summary>The worker's word for a reason of the model store.</summary>
    public static FailureReason ReasonOf(ModelSourceReason reason) => reason switch
    {
        ModelSourceReason.InvalidConfiguration => FailureReason.InvalidConfiguration,
        ModelSourceReason.SourceNotFound => FailureReason.SourceNotFound,
        ModelSourceReason.SourceUnauthorized => FailureReason.SourceUnauthorized,
        ModelSourceReason.CredentialsMissing => FailureReason.CredentialsMissing,
        ModelSourceReason.SourceUnreachable => FailureReason.SourceUnreachable,
        ModelSourceReason.DigestMismatch => FailureReason.DigestMismatch,
        ModelSourceReason.DiskFull => FailureReason.DiskFull,
        ModelSourceReason.InvalidGguf => FailureReason.InvalidGguf,
        ModelSourceReason.PolicyViolation => FailureReason.PolicyViolation,
        ModelSourceReason.LicenseNotAccepted => FailureReason.LicenseNotAccepted,
        _ => FailureReason.EngineFailed,
    };
}
