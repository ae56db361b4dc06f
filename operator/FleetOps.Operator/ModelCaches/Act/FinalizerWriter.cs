using System.Text.Json;
using FleetOps.Api;
using FleetOps.ControllerRuntime;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Informers;

namespace FleetOps.Operator.ModelCaches.Act;

/// <summary>Puts the finalizer onto ModelCaches whose files are to be removed with them, and takes it off. Thread-safe.</summary>
internal sealed class FinalizerWriter(KubeApi api, IStore<ModelCache> store)
{
    /// <summary>Makes the ModelCache have the finalizer or not; those of others stay.</summary>
    /// <param name="cache">As the store holds it.</param>
    /// <param name="wanted">Whether it is to have it; null to leave it as it is.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>False when the ModelCache has changed since the store heard of it, so that it must be looked at again.</returns>
    public async Task<bool> WriteAsync(ModelCache cache, bool? wanted, CancellationToken cancel)
    {
        var present = cache.Metadata.Finalizers ?? [];
        if (wanted is not { } isWanted || present.Contains(ModelCache.FilesFinalizer) == isWanted)
        {
            return true;
        }

        var finalizers = present.Where(finalizer => finalizer != ModelCache.FilesFinalizer);
        try
        {
            var answer = await api.MergePatchAsync(ModelCacheTypes.ModelCaches, ObjectKey.Of(cache), Patch(cache, isWanted ? finalizers.Append(ModelCache.FilesFinalizer) : finalizers), subresource: null, cancel);
            if (isWanted)
            {
                store.Assume(answer);
            }

            return true;
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return true;
        }
        catch (KubeApiException e) when (e.IsConflict)
        {
            return false;
        }
    }

    // A list is replaced as a whole; the version makes sure that nobody else's finalizer is lost.
    private static byte[] Patch(ModelCache cache, IEnumerable<string> finalizers)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata"u8);
            json.WriteString("uid"u8, cache.Metadata.Uid);
            json.WriteString("resourceVersion"u8, cache.Metadata.ResourceVersion);
            json.WriteStartArray("finalizers"u8);
            foreach (var finalizer in finalizers)
            {
                json.WriteStringValue(finalizer);
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
