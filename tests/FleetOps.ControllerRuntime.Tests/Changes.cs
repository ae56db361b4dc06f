using System.Collections.Concurrent;
using FleetOps.ControllerRuntime.Informers;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Tests;

/// <summary>Records what an informer tells, and what a reader who only listens would believe.</summary>
internal sealed class Changes<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ConcurrentQueue<Change<T>> _told = new();
    private readonly ConcurrentDictionary<ObjectKey, string> _believed = new();

    public Changes(Informer<T> informer) => informer.Subscribe(Take);

    public IReadOnlyList<string> Told => [.. _told.Select(change => $"{change.Kind} {change.Current.Metadata.Name}")];

    /// <summary>Contradictions, such as an addition of what was there already.</summary>
    public ConcurrentQueue<string> Contradictions { get; } = new();

    /// <summary>Versions by key, as the sum of all changes gives them.</summary>
    public IReadOnlyDictionary<ObjectKey, string> Believed => new Dictionary<ObjectKey, string>(_believed);

    private void Take(Change<T> change)
    {
        _told.Enqueue(change);
        var key = ObjectKey.Of(change.Current);
        var version = change.Current.Metadata.ResourceVersion;
        var known = _believed.TryGetValue(key, out var before);
        var fits = change.Kind switch
        {
            ChangeKind.Added => !known && change.Old is null,
            ChangeKind.Modified => known && before == change.Old?.Metadata.ResourceVersion && before != version,
            _ => known,
        };
        if (!fits)
        {
            Contradictions.Enqueue($"{change.Kind} {key} {before ?? "absent"} -> {version}");
        }

        if (change.Kind == ChangeKind.Deleted)
        {
            _believed.TryRemove(key, out _);
        }
        else
        {
            _believed[key] = version;
        }
    }
}
