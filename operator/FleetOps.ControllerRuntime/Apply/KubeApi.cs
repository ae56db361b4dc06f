using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FleetOps.ControllerRuntime.Metrics;
using FleetOps.ControllerRuntime.Tracing;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>
/// A thin typed REST layer over the connection, credentials and TLS set-up of <see cref="Kubernetes"/>. Every request has a time limit
/// and is counted. Thread-safe. All methods throw <see cref="KubeApiException"/> when the server answers with an error,
/// <see cref="HttpRequestException"/> or <see cref="IOException"/> when it cannot be reached, <see cref="TimeoutException"/> when it takes too
/// long, <see cref="JsonException"/> when the answer is not what the type says.
/// </summary>
public sealed partial class KubeApi
{
    private readonly Kubernetes _client;
    private readonly TimeProvider _time;
    private readonly RestClientMetrics _metrics;
    private readonly Discovery _discovery;

    /// <summary>Wraps a client; the caller keeps owning it.</summary>
    /// <param name="client">Connection and credentials.</param>
    /// <param name="options">Field manager and time limits; null for the defaults.</param>
    /// <param name="time">Clock of the time limits; null for the system's.</param>
    /// <param name="meters">Where request metrics go; null for nowhere.</param>
    public KubeApi(Kubernetes client, KubeApiOptions? options = null, TimeProvider? time = null, IMeterFactory? meters = null)
    {
        _client = client;
        _time = time ?? TimeProvider.System;
        _metrics = new RestClientMetrics(meters);
        _discovery = new Discovery(this, _time);
        Options = options ?? new KubeApiOptions();
    }

    /// <summary>The options given at construction.</summary>
    public KubeApiOptions Options { get; }

    /// <summary>Reads one object from the server. For reconciles read an <see cref="Informers.IStore{T}"/> instead.</summary>
    public Task<T> GetAsync<T>(ResourceType<T> type, ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        SendEntityAsync(HttpMethod.Get, type.Path(key.Namespace, key.Name), null, type, cancellationToken);

    /// <summary>Creates one object as it stands.</summary>
    public Task<T> CreateAsync<T>(ResourceType<T> type, T entity, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        WriteEntityAsync("create", ObjectKey.Of(entity), null, HttpMethod.Post, type.Path(entity.Metadata.NamespaceProperty) + "?fieldManager=" + Manager, Body(entity, type.Json, "application/json"), type, cancellationToken);

    /// <summary>
    /// Replaces a whole object; its resource version, when set, must still be the current one (409 otherwise). Fields that the C# type
    /// does not know are lost, so this is only for kinds that nobody else extends, such as Lease.
    /// </summary>
    public Task<T> ReplaceAsync<T>(ResourceType<T> type, T entity, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        WriteEntityAsync("replace", ObjectKey.Of(entity), null, HttpMethod.Put, type.Path(entity.Metadata.NamespaceProperty, entity.Metadata.Name) + "?fieldManager=" + Manager, Body(entity, type.Json, "application/json"), type, cancellationToken);

    /// <summary>
    /// Server-side apply: states every field that this program owns, takes them over from other managers, leaves all other fields alone
    /// and drops the ones it owned before and no longer states. Creates the object when it is absent. Always sends; see <see cref="Applier"/> for
    /// sending only differences.
    /// </summary>
    /// <param name="type">The kind.</param>
    /// <param name="desired">Only what is wanted; status and server-set metadata are not sent.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<T> ApplyAsync<T>(ResourceType<T> type, T desired, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        SendApplyAsync(type, ApplyIntent.ForObject(type, desired), ObjectKey.Of(desired), null, cancellationToken);

    /// <summary>Server-side apply on the status subresource: the same for <c>status</c> alone. 404 when the object is gone.</summary>
    /// <param name="type">The kind; its CRD must have the status subresource.</param>
    /// <param name="desired">Name, namespace and status are sent; so is the UID when set, to not write the status of a successor.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<T> ApplyStatusAsync<T>(ResourceType<T> type, T desired, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        SendApplyAsync(type, ApplyIntent.ForStatus(type, desired), ObjectKey.Of(desired), "status", cancellationToken);

    /// <summary>JSON merge patch of one object or subresource.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="key">The object.</param>
    /// <param name="patch">The patch as UTF-8 JSON.</param>
    /// <param name="subresource">Such as <c>status</c>; null for the object.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<T> MergePatchAsync<T>(ResourceType<T> type, ObjectKey key, ReadOnlyMemory<byte> patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        WriteEntityAsync("patch", key, subresource, HttpMethod.Patch, type.Path(key.Namespace, key.Name, subresource) + "?fieldManager=" + Manager, Body(patch, "application/merge-patch+json"), type, cancellationToken);

    /// <summary>Deletes one object in the background (its dependents are collected by Kubernetes).</summary>
    /// <param name="type">The kind.</param>
    /// <param name="key">The object.</param>
    /// <param name="preconditions">What must still hold; 409 when it does not. Null deletes whatever has the name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>False when there was nothing to delete.</returns>
    public async Task<bool> DeleteAsync<T>(ResourceType<T> type, ObjectKey key, Preconditions? preconditions, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var options = new V1DeleteOptions
        {
            ApiVersion = "v1",
            Kind = "DeleteOptions",
            PropagationPolicy = "Background",
            Preconditions = preconditions is null ? null : new V1Preconditions { Uid = preconditions.Uid, ResourceVersion = preconditions.ResourceVersion },
        };
        using var span = ReconcileTraces.StartWrite("delete", type.Kind, key, null);
        try
        {
            var answer = await SendBytesAsync(HttpMethod.Delete, type.Path(key.Namespace, key.Name), Body(options, SourceGenerationContext.Default.V1DeleteOptions, "application/json"), cancellationToken).ConfigureAwait(false);
            _ = answer;
            return true;
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return false;
        }
        catch (Exception e)
        {
            ReconcileTraces.Failed(span, e);
            throw;
        }
    }

    /// <summary>
    /// Whether the server offers a kind in an API version, such as <c>policy/v1</c> <c>PodDisruptionBudget</c>. Answers are remembered for
    /// ten minutes, absence for one.
    /// </summary>
    public Task<bool> ServesAsync(string groupVersion, string kind, CancellationToken cancellationToken) =>
        _discovery.ServesAsync(groupVersion, kind, cancellationToken);

    /// <summary>The server's version as (major, minor), such as (1, 35); (0, 0) when it does not say. Remembered for ten minutes.</summary>
    public Task<(int Major, int Minor)> GetServerVersionAsync(CancellationToken cancellationToken) =>
        _discovery.GetServerVersionAsync(cancellationToken);

    internal string Manager => Uri.EscapeDataString(Options.FieldManager);

    internal Task<T> SendApplyAsync<T>(ResourceType<T> type, ApplyIntent intent, ObjectKey key, string? subresource, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        WriteEntityAsync("apply", key, subresource, HttpMethod.Patch, $"{type.Path(key.Namespace, key.Name, subresource)}?fieldManager={Manager}&force=true", Body(intent.Utf8Json, "application/apply-patch+yaml"), type, cancellationToken);

    internal Task<T> SendCreateAsync<T>(ResourceType<T> type, ApplyIntent intent, ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        WriteEntityAsync("create", key, null, HttpMethod.Post, $"{type.Path(key.Namespace)}?fieldManager={Manager}", Body(intent.Utf8Json, "application/json"), type, cancellationToken);

    private async Task<T> WriteEntityAsync<T>(string verb, ObjectKey key, string? subresource, HttpMethod method, string path, HttpContent? body, ResourceType<T> type, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        using var span = ReconcileTraces.StartWrite(verb, type.Kind, key, subresource);
        try
        {
            return await SendEntityAsync(method, path, body, type, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            ReconcileTraces.Failed(span, e);
            throw;
        }
    }

    private async Task<T> SendEntityAsync<T>(HttpMethod method, string path, HttpContent? body, ResourceType<T> type, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var entity = await SendAsync(method, path, body, type.Json, cancellationToken).ConfigureAwait(false);
        // Of no use to callers, and the client's contracts can read but not write them.
        entity.Metadata?.ManagedFields = null;
        return entity;
    }

    internal async Task<TOut> SendAsync<TOut>(HttpMethod method, string path, HttpContent? body, JsonTypeInfo<TOut> json, CancellationToken cancellationToken)
    {
        var bytes = await SendBytesAsync(method, path, body, cancellationToken).ConfigureAwait(false);
        return JsonSerializer.Deserialize(bytes, json) ?? throw new JsonException($"{method} {path} was answered with JSON null.");
    }

    private static ByteArrayContent Body<TBody>(TBody value, JsonTypeInfo<TBody> json, string mediaType) =>
        Body(JsonSerializer.SerializeToUtf8Bytes(value, json), mediaType);

    private static ByteArrayContent Body(ReadOnlyMemory<byte> utf8, string mediaType)
    {
        var content = System.Runtime.InteropServices.MemoryMarshal.TryGetArray(utf8, out var segment)
            ? new ByteArrayContent(segment.Array!, segment.Offset, segment.Count)
            : new ByteArrayContent(utf8.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return content;
    }
}
