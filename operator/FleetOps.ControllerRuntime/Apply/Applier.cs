using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>
/// Server-side apply of differences only: nothing is sent when what was observed already says what is desired. Thread-safe.
/// <para>
/// Fields that the server defaulted or that others own make no difference; a changed or removed field of ours does. A field that is no
/// longer desired does too: each applied object carries a digest of its intent in the annotation <c>fleetops.dev/applied-intent</c>. When the
/// server answers an apply with something else than was stated (an old server drops fields it does not know, a webhook rewrites), that
/// answer is remembered as as good as it gets, so that it is not asked for again and again.
/// </para>
/// </summary>
public sealed class Applier
{
    private const int MaxRemembered = 10_000;

    private readonly KubeApi _api;
    private readonly RecentWrites _recent;
    private readonly ConcurrentDictionary<(string Resource, FieldDifference Difference), byte> _accepted = new();

    /// <summary>Creates an applier that remembers nothing yet.</summary>
    /// <param name="api">The server.</param>
    /// <param name="time">Clock for forgetting.</param>
    public Applier(KubeApi api, TimeProvider time)
    {
        _api = api;
        _recent = new RecentWrites(time);
    }

    /// <summary>Makes an object be as desired.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="desired">Every field that is wanted, and nothing else; not changed by this method.</param>
    /// <param name="observed">The object as a store holds it; null when it is not there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KubeApiException">The server refused.</exception>
    public Task<ApplyResult<T>> ApplyAsync<T>(ResourceType<T> type, T desired, T? observed, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        WriteDifferenceAsync(type, desired, observed, ApplyIntent.ForObject(type, desired, withDigest: true), null, IntentComparison.Missing, cancellationToken);

    /// <summary>Makes the status of an existing object be as desired, through the status subresource.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="desired">Carries name, namespace and the whole status that this program owns; a field left out is taken away.</param>
    /// <param name="observed">The object as a store holds it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KubeApiException">The server refused; 404 when the object is gone.</exception>
    public Task<ApplyResult<T>> ApplyStatusAsync<T>(ResourceType<T> type, T desired, T observed, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(observed);
        return WriteDifferenceAsync(type, desired, observed, ApplyIntent.ForStatus(type, desired), "status", StatusDifferences, cancellationToken);
    }

    private static List<FieldDifference> StatusDifferences(JsonNode? intent, JsonNode? observed) =>
        IntentComparison.Any(intent?["status"], observed?["status"]);

    private async Task<ApplyResult<T>> WriteDifferenceAsync<T>(
        ResourceType<T> type,
        T desired,
        T? observed,
        ApplyIntent intent,
        string? subresource,
        Func<JsonNode?, JsonNode?, List<FieldDifference>> compare,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var key = ObjectKey.Of(desired);
        var resource = type.Path(subresource: subresource);
        string? first = null;
        if (observed is not null)
        {
            var current = _recent.AnswerTo(resource, key, observed);
            var differences = Differences(type, intent, current, compare);
            var index = differences.FindIndex(difference => !_accepted.ContainsKey((resource, difference)));
            if (index < 0)
            {
                return new ApplyResult<T>(current, false, null);
            }

            first = differences[index].Path;
        }

        var answer = await _api.SendApplyAsync(type, intent, key, subresource, cancellationToken).ConfigureAwait(false);
        Accept(resource, Differences(type, intent, answer, compare));
        if (observed is not null)
        {
            _recent.Remember(resource, key, observed, answer);
        }

        return new ApplyResult<T>(answer, true, first);
    }

    private static List<FieldDifference> Differences<T>(ResourceType<T> type, ApplyIntent intent, T entity, Func<JsonNode?, JsonNode?, List<FieldDifference>> compare)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        // Items of a LIST come without these two.
        entity.ApiVersion ??= type.ApiVersion;
        entity.Kind ??= type.Kind;
        return compare(intent.Document, JsonSerializer.SerializeToNode(entity, type.Json));
    }

    private void Accept(string resource, List<FieldDifference> leftOver)
    {
        if (_accepted.Count > MaxRemembered)
        {
            _accepted.Clear();
        }

        foreach (var difference in leftOver)
        {
            _accepted.TryAdd((resource, difference), 0);
        }
    }
}
