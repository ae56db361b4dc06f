using System.Collections.Concurrent;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>
/// The server's answers to the last writes, for readers whose store does not have them yet: until it moves on from the version on which a
/// write was based, the answer is the truer picture. Without this, a reconcile soon after a write would send it again.
/// </summary>
internal sealed class RecentWrites(TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<(string Resource, ObjectKey Key), Write> _writes = new();

    public T AnswerTo<T>(string resource, ObjectKey key, T observed)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (!_writes.TryGetValue((resource, key), out var write))
        {
            return observed;
        }

        if (write.BaseVersion == observed.Metadata.ResourceVersion && time.GetElapsedTime(write.At) < Lifetime && write.Answer is T answer)
        {
            return answer;
        }

        _writes.TryRemove(KeyValuePair.Create((resource, key), write));
        return observed;
    }

    public void Remember<T>(string resource, ObjectKey key, T observed, T answer)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (_writes.Count > 1000)
        {
            foreach (var pair in _writes.Where(pair => time.GetElapsedTime(pair.Value.At) >= Lifetime).ToList())
            {
                _writes.TryRemove(pair);
            }
        }

        _writes[(resource, key)] = new Write(observed.Metadata.ResourceVersion, answer, time.GetTimestamp());
    }

    private sealed record Write(string? BaseVersion, object Answer, long At);
}
