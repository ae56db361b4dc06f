using FleetOps.ControllerRuntime.Apply;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>Reads a whole collection page by page.</summary>
internal sealed class Lister<T>(KubeApi api, ResourceType<T> type, WatchScope scope, int pageSize, Action<T>? prepare = null)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    // Without a resource version: the server then keeps to the limit. With one it may answer from its memory, whole, and a fleet of 10,000 would
    // take more memory to read than to keep.
    public async Task<Collection> ListAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ListAsync(pageSize, cancellationToken).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.IsExpired)
        {
            // The pages expired under way: read all at once, so that nothing can expire in between.
            return await ListAsync(limit: 0, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<Collection> ListAsync(int limit, CancellationToken cancellationToken)
    {
        var objects = new Dictionary<ObjectKey, T>();
        var unreadable = new List<(ObjectKey, Exception)>();
        var from = "";
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
