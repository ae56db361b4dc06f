using System.Runtime.InteropServices;

namespace FleetOps.InferenceWorker.Services;

/// <summary>The requests that are running or waiting, by their ids. Safe for use from any thread.</summary>
internal sealed class OpenRequests
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<OpenRequest>> _byId = new(StringComparer.Ordinal);

    /// <summary>Makes a request known until it is disposed.</summary>
    public OpenRequest Open(string id)
    {
        var request = new OpenRequest(id, Close);
        lock (_lock)
        {
            ref var sameId = ref CollectionsMarshal.GetValueRefOrAddDefault(_byId, id, out _);
            (sameId ??= []).Add(request);
        }

        return request;
    }

    /// <summary>Ends every request of an id early, and returns how many there were.</summary>
    public int Abort(string id)
    {
        OpenRequest[] requests;
        lock (_lock)
        {
            requests = _byId.TryGetValue(id, out var sameId) ? [.. sameId] : [];
        }

        return requests.Count(static request => request.End(EarlyEnd.Aborted));
    }

    private void Close(OpenRequest request)
    {
        lock (_lock)
        {
            if (_byId.TryGetValue(request.Id, out var sameId) && sameId.Remove(request) && sameId.Count == 0)
            {
                _byId.Remove(request.Id);
            }
        }
    }
}
