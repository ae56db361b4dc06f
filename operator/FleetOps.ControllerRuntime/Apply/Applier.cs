using System.Collections.Concurrent;
using System.Text.Json;
using FleetOps.ControllerRuntime.Informers;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>
/// Server-side apply of differences only: nothing is sent when the store already says what is desired. Thread-safe for different objects.
/// <para>
/// What is not there is created by POST, which the server does for a third less work and which fails where someone else was faster, so that an
/// object of another owner is never merged with ours; the fields are taken over as applied ones when it first matters.
/// </para>
/// <para>
/// Fields that the server defaulted or that others own make no difference; a changed or removed field of ours does. A field that is no
/// longer desired does too: each applied object carries a digest of its intent in the annotation <c>fleetops.dev/applied-intent</c>. When the
/// server answers an apply with something else than was stated (an old server drops fields it does not know, a webhook rewrites), that
/// answer is remembered as as good as it gets, so that it is not asked for again and again. The store is told every answer, so that the next
/// reconcile does not send a write again that the watch has not brought yet.
/// </para>
/// </summary>
/// <param name="api">The server.</param>
public sealed class Applier(KubeApi api)
{
    private const int MaxRemembered = 10_000;

    // They are how the object was found, and an observed object has them elsewhere.
    private static readonly HashSet<string> Identity = new(StringComparer.Ordinal) { "apiVersion", "kind", "metadata.name", "metadata.namespace" };

    private readonly FieldOwnership _ownership = new(api);
    private readonly ConcurrentDictionary<(string Resource, FieldDifference Difference), byte> _accepted = new();

    /// <summary>Makes an object be as desired.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="desired">Every field that is wanted, and nothing else; not changed by this method.</param>
    /// <param name="store">The store of the kind; takes the answer.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KubeApiException">The server refused; 409 when the object is not in the store and exists all the same.</exception>
    public Task<ApplyResult<ObservedObject>> ApplyAsync<T>(ResourceType<T> type, T desired, IStore<ObservedObject> store, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(store);
        return ApplyAsync(type, desired, store.Get(ObjectKey.Of(desired)), store.Assume, cancellationToken);
    }

    /// <summary>As the other overload, for a caller that keeps no store.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="desired">Every field that is wanted, and nothing else; not changed by this method.</param>
    /// <param name="observed">The object as it is; null when it is not there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KubeApiException">The server refused.</exception>
    public Task<ApplyResult<ObservedObject>> ApplyAsync<T>(ResourceType<T> type, T desired, ObservedObject? observed, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        ApplyAsync(type, desired, observed, static _ => { }, cancellationToken);

    /// <summary>Makes the status of an existing object be as desired, through the status subresource.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="desired">Carries name, namespace and the whole status that this program owns; a field left out is taken away.</param>
    /// <param name="observed">The object as a store holds it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answer is to be given to the store by <see cref="IStore{T}.Assume"/>.</returns>
    /// <exception cref="KubeApiException">The server refused; 404 when the object is gone.</exception>
    public async Task<ApplyResult<T>> ApplyStatusAsync<T>(ResourceType<T> type, T desired, T observed, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        ArgumentNullException.ThrowIfNull(observed);
        var intent = ApplyIntent.ForStatus(type, desired);
        var resource = type.Path(subresource: "status");
        if (FirstUnaccepted(resource, StatusDifferences(type, intent, observed)) is not { } first)
        {
            return new ApplyResult<T>(observed, false, null);
        }

        var answer = await api.SendApplyAsync(type, intent, ObjectKey.Of(desired), "status", cancellationToken).ConfigureAwait(false);
        Accept(resource, StatusDifferences(type, intent, answer));
        return new ApplyResult<T>(answer, true, first);
    }

    private async Task<ApplyResult<ObservedObject>> ApplyAsync<T>(ResourceType<T> type, T desired, ObservedObject? observed, Action<ObservedObject> assume, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var intent = ApplyIntent.ForObject(type, desired, withDigest: true);
        var resource = type.Path();
        string? first = null;
        if (observed is not null)
        {
            if (observed.Satisfies(intent.Digest) is { } isAsDesired)
            {
                first = isAsDesired ? null : $"metadata.annotations.{ApplyIntent.DigestAnnotation}";
            }
            else if ((first = FirstUnaccepted(resource, Differences(intent, observed))) is null)
            {
                observed.Confirm(intent.Digest);
            }

            if (first is null)
            {
                return new ApplyResult<ObservedObject>(observed, false, null);
            }
        }

        var answer = observed is null
            ? await api.SendCreateAsync(type.AsObserved(), intent, ObjectKey.Of(desired), cancellationToken).ConfigureAwait(false)
            : await UpdateAsync(type.AsObserved(), intent, observed, cancellationToken).ConfigureAwait(false);
        Accept(resource, Differences(intent, answer));
        answer.Confirm(intent.Digest);
        assume(answer);
        return new ApplyResult<ObservedObject>(answer, true, first);
    }

    private async Task<ObservedObject> UpdateAsync(ResourceType<ObservedObject> type, ApplyIntent intent, ObservedObject observed, CancellationToken cancellationToken)
    {
        // A field of the creation that is no longer stated would stay, since an apply drops only what was applied.
        if (observed.Intent()?.Fields != intent.Digest.Fields)
        {
            await _ownership.TakeOverCreatedFieldsAsync(type, ObjectKey.Of(observed), cancellationToken).ConfigureAwait(false);
        }

        return await api.SendApplyAsync(type, intent, ObjectKey.Of(observed), null, cancellationToken).ConfigureAwait(false);
    }

    private static List<FieldDifference> Differences(ApplyIntent intent, ObservedObject observed)
    {
        using var there = observed.Content();
        if (there is null || intent.IsPlainlyMetBy(there.RootElement))
        {
            return [];
        }

        using var stated = JsonDocument.Parse(intent.Utf8Json);
        return IntentComparison.Missing(stated.RootElement, there.RootElement, except: Identity);
    }

    private static List<FieldDifference> StatusDifferences<T>(ResourceType<T> type, ApplyIntent stated, T entity)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        using var there = JsonSerializer.SerializeToDocument(entity, type.Json);
        var status = there.RootElement.TryGetProperty("status"u8, out var found) ? found : default;
        return IntentComparison.IsWordForWord(stated.Status, status) ? [] : IntentComparison.Any(stated.Status, status);
    }

    private string? FirstUnaccepted(string resource, List<FieldDifference> differences) =>
        differences.Where(difference => !_accepted.ContainsKey((resource, difference))).Select(difference => difference.Path).FirstOrDefault();

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
