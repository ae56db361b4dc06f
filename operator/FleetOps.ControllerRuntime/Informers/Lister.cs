using System.Net;
using FleetOps.ControllerRuntime.Apply;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>Reads a whole collection page by page.</summary>
internal sealed class Lister<T>(KubeApi api, ResourceType<T> type, WatchScope scope, int pageSize, Action<T>? prepare = null)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    // "0" is what the server has in memory, cheap at start. Later never older than what was seen: another API server may lag behind.
    private string _atLeast = "0";

    /// <summary>No later list may be older than this.</summary>
    public void Seen(string resourceVersion) => _atLeast = resourceVersion;

    public async Task<Collection> ListAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ListAsync(_atLeast, pageSize, cancellationToken).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.IsExpired || IsTooLarge(e))
        {
            // Too old for the server's memory, newer than anything it has (etcd was restored), or the pages expired under way:
            // read straight from etcd, all at once, so that nothing can expire in between.
            return await ListAsync("", limit: 0, cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool IsTooLarge(KubeApiException e) =>
        e.StatusCode == HttpStatusCode.GatewayTimeout
        && (e.Details?.Causes?.Any(cause => cause.Reason == "ResourceVersionTooLarge") == true
            || e.ServerMessage.Contains("Too large resource version", StringComparison.Ordinal));

    private async Task<Collection> ListAsync(string atLeast, int limit, CancellationToken cancellationToken)
    {
        var objects = new Dictionary<ObjectKey, T>();
        var unreadable = new List<(ObjectKey, Exception)>();
        var from = atLeast.Length == 0 ? "" : $"&resourceVersion={Uri.EscapeDataString(atLeast)}&resourceVersionMatch=NotOlderThan";
        while (true)
        {
            var path = $"{type.Path(scope.Namespace)}?limit={limit}{from}{scope.Query}";
            var page = ListPage<T>.Parse(await api.SendBytesAsync(HttpMethod.Get, path, null, cancellationToken).ConfigureAwait(false), type);
            foreach (var item in page.Items)
            {
                prepare?.Invoke(item);
                objects[ObjectKey.Of(item)] = item;
            }

            unreadable.AddRange(page.Unreadable);
            if (page.Continue.Length == 0)
            {
                return new Collection(objects, unreadable, page.ResourceVersion);
            }

            from = $"&continue={Uri.EscapeDataString(page.Continue)}";
        }
    }

    internal sealed record Collection(Dictionary<ObjectKey, T> Objects, List<(ObjectKey Key, Exception Fault)> Unreadable, string ResourceVersion);
}
