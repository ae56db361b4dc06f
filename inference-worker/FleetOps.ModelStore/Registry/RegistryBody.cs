using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FleetOps.ModelStore.Http;

namespace FleetOps.ModelStore.Registry;

/// <summary>The small documents that registries answer with.</summary>
internal static class RegistryBody
{
    // What registries accept at most as a manifest.
    private const int MaxBytes = 4 << 20;

    /// <summary>Reads the body of an answer.</summary>
    /// <exception cref="ModelSourceException">It is too long, or it broke off, which may pass.</exception>
    public static async Task<byte[]> ReadAsync(HttpAnswer answer, ModelFetcherOptions options, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(options.ResponseTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        string host = answer.Address.Authority;
        try
        {
            await answer.Response.Content.LoadIntoBufferAsync(MaxBytes, either.Token).ConfigureAwait(false);
            return await answer.Response.Content.ReadAsByteArrayAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientSourceException(ModelSourceReason.SourceUnreachable, $"{host} did not finish its answer within {options.ResponseTimeout.TotalSeconds:0} s.");
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new ModelSourceException(ModelSourceReason.SourceUnreachable, $"{host} answers with more than {MaxBytes} bytes where a manifest is expected; check the address.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new TransientSourceException(ModelSourceReason.SourceUnreachable, $"{host} cut its answer short: {e.Message}", innerException: e);
        }
    }

    /// <summary>Reads JSON; null when it is something else.</summary>
    public static T? Parse<T>(byte[] body, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
