using System.Text.Json;
using System.Text.Json.Serialization;
using FleetOps.ControllerRuntime.Apply;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime;

/// <summary>
/// An object of any kind as a store holds it for its writer: who it is and who owns it, its status as JSON, and the rest as JSON until an
/// <see cref="Apply.Applier"/> has found that it says what is desired. From then on a digest stands for it, because the object can only
/// come to differ by changing, and then the store holds another instance. That keeps a fleet of 10,000 small. Thread-safe.
/// </summary>
[JsonConverter(typeof(ObservedObjectConverter))]
public sealed class ObservedObject : IKubernetesObject<V1ObjectMeta>
{
    private byte[]? _content;
    private IntentDigest _intent;

    internal ObservedObject(V1ObjectMeta metadata, byte[] content, byte[]? status)
    {
        Metadata = metadata;
        _content = content;
        Status = status;
    }

    /// <inheritdoc/>
    public string ApiVersion { get; set; } = "";

    /// <inheritdoc/>
    public string Kind { get; set; } = "";

    /// <summary>Name, namespace, UID, resource version, generation, time of deletion and owners; nothing else.</summary>
    public V1ObjectMeta Metadata { get; set; }

    /// <summary>The status as UTF-8 JSON; empty when the object has none.</summary>
    public ReadOnlyMemory<byte> Status { get; }

    /// <summary>An object of a typed kind as a store would hold it.</summary>
    public static ObservedObject Of<T>(ResourceType<T> type, T entity)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var observed = JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(entity, type.Json), ObservedObjectJsonContext.Default.ObservedObject)!;
        observed.ApiVersion = type.ApiVersion;
        observed.Kind = type.Kind;
        return observed;
    }

    /// <summary>
    /// The object without its status and without what the server sets; null once it was found to be as it was applied. The caller
    /// disposes it.
    /// </summary>
    public JsonDocument? Content() => Volatile.Read(ref _content) is { } content ? JsonDocument.Parse(content) : null;

    /// <summary>Whether the object was compared with the intent of this digest and says it; null when it must be compared first.</summary>
    internal bool? Satisfies(IntentDigest intent) => Volatile.Read(ref _content) is null ? _intent == intent : null;

    /// <summary>The intent that the object was made of or last compared with; null when it does not tell.</summary>
    internal IntentDigest? Intent()
    {
        using var content = Content();
        return content is null
            ? _intent
            : content.RootElement.TryGetProperty("metadata"u8, out var metadata)
            && metadata.TryGetProperty("annotations"u8, out var annotations)
            && annotations.TryGetProperty(ApplyIntent.DigestAnnotation, out var text)
                ? IntentDigest.Parse(text.GetString())
                : null;
    }

    /// <summary>Lets the content go: it says what the intent of this digest states.</summary>
    internal void Confirm(IntentDigest intent)
    {
        _intent = intent;
        Volatile.Write(ref _content, null);
    }
}
