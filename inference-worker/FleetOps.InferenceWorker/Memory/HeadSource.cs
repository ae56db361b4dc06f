using FleetOps.InferenceWorker.Serving;
using FleetOps.InferenceWorker.State;
using FleetOps.ModelStore;

namespace FleetOps.InferenceWorker.Memory;

/// <summary>Reads the headers of a model without fetching it.</summary>
internal static class HeadSource
{
    /// <summary>Reads the headers of a model, wherever it is.</summary>
    /// <param name="options">How it is reached; nothing is left in its model directory but locks.</param>
    /// <param name="request">The model.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Its path if it lies on this machine, else its heads.</returns>
    /// <exception cref="WorkerFailedException">They cannot be had.</exception>
    public static async Task<(VerifiedModel? Local, ModelHead? Remote)> ReadAsync(ModelFetcherOptions options, FetchRequest request, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ModelHead? head = null;
        request = request with
        {
            DigestMayFollow = true,
            BeforeDownload = async (ahead, token) =>
            {
                head = await ahead.ReadAsync(token);
                await enough.CancelAsync();
                token.ThrowIfCancellationRequested();
            },
        };
        try
        {
            var local = await ModelFetching.FetchAsync(options, request, progress: null, enough.Token);
            // Its digest is of no interest here.
            await enough.CancelAsync();
            return (local, null);
        }
        catch (OperationCanceledException) when (head is not null)
        {
            return (null, head);
        }
    }
}
