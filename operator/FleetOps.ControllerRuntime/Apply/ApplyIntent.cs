using System.Buffers;
using System.Text.Json;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>The exact document that a server-side apply states: every field that is wanted, nothing that the server sets.</summary>
internal sealed class ApplyIntent
{
    /// <summary>
    /// Carries a digest of the rest of the intent. A field that is no longer wanted leaves no trace in the new intent; the changed digest
    /// makes the difference visible, so that the apply which drops the field is sent.
    /// </summary>
    public const string DigestAnnotation = "fleetops.dev/applied-intent";

    private static readonly byte[][] ServerSet =
    [
        "creationTimestamp"u8.ToArray(), "deletionGracePeriodSeconds"u8.ToArray(), "deletionTimestamp"u8.ToArray(), "generation"u8.ToArray(),
        "managedFields"u8.ToArray(), "resourceVersion"u8.ToArray(), "selfLink"u8.ToArray(), "uid"u8.ToArray(),
    ];

    private readonly Func<byte[]> _write;
    private readonly byte[] _serialized;
    private byte[]? _utf8Json;

    private ApplyIntent(byte[] serialized, Func<byte[]> write)
    {
        _serialized = serialized;
        _write = write;
    }

    /// <summary>The document as it is sent; made when it is first asked for, since most intents are found to be met by their digest.</summary>
    public byte[] Utf8Json => _utf8Json ??= _write();

    /// <summary>Digest of the document without the annotation that holds it; default when none was asked for.</summary>
    public IntentDigest Digest { get; private init; }

    /// <summary>The status that is stated; undefined when the intent is an object's.</summary>
    public JsonElement Status { get; private init; }

    /// <summary>The whole object without its status.</summary>
    public static ApplyIntent ForObject<T>(ResourceType<T> type, T desired, bool withDigest = false)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var serialized = Serialized(type, desired);
        var digest = withDigest ? IntentDigestion.Of(type.ApiVersion, type.Kind, serialized) : default;
        return new ApplyIntent(serialized, () => Write(writer => WriteObject(writer, type.ApiVersion, type.Kind, serialized, withDigest ? digest.ToString() : null))) { Digest = digest };
    }

    /// <summary>The status alone, with just the metadata that says whose.</summary>
    public static ApplyIntent ForStatus<T>(ResourceType<T> type, T desired)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var serialized = Serialized(type, desired);
        using var document = JsonDocument.Parse(serialized);
        if (!document.RootElement.TryGetProperty("status"u8, out var found))
        {
            throw new ArgumentException($"{type.Kind} {ObjectKey.Of(desired)} has no status to apply; set it first.", nameof(desired));
        }

        var status = found.Clone();
        return new ApplyIntent(
            serialized,
            () => Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("apiVersion"u8, type.ApiVersion);
                writer.WriteString("kind"u8, type.Kind);
                writer.WriteStartObject("metadata"u8);
                writer.WriteString("name"u8, desired.Metadata.Name);
                WriteIfSet(writer, "namespace", desired.Metadata.NamespaceProperty);
                WriteIfSet(writer, "uid", desired.Metadata.Uid);
                writer.WriteEndObject();
                writer.WritePropertyName("status"u8);
                status.WriteTo(writer);
                writer.WriteEndObject();
            }))
        { Status = status };
    }

    /// <summary>
    /// Whether content says word for word what this intent states of an object, its digest included. One pass without garbage, which settles
    /// nearly all objects; when false, <see cref="IntentComparison.Missing"/> knows better, since amounts and lists can be written in several ways.
    /// </summary>
    public bool IsPlainlyMetBy(JsonElement content)
    {
        using var stated = JsonDocument.Parse(_serialized);
        foreach (var field in stated.RootElement.EnumerateObject())
        {
            if (field.NameEquals("metadata"u8))
            {
                if (!content.TryGetProperty("metadata"u8, out var metadata) || !IsMetadataPlainlyMet(field.Value, metadata))
                {
                    return false;
                }
            }
            else if (!IsLeftOut(field) && !IntentComparison.IsPlainlyMet(field, content))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the property of <c>metadata</c> at which the reader stands is the server's to set.</summary>
    public static bool IsServerSet(ref Utf8JsonReader reader)
    {
        foreach (var name in ServerSet)
        {
            if (reader.ValueTextEquals(name))
            {
                return true;
            }
        }

        return false;
    }

    // Name and namespace are how the object was found, and content does not repeat them.
    private bool IsMetadataPlainlyMet(JsonElement stated, JsonElement metadata)
    {
        foreach (var field in stated.EnumerateObject())
        {
            if (!field.NameEquals("name"u8) && !field.NameEquals("namespace"u8) && !IsServerSet(field) && !IntentComparison.IsPlainlyMet(field, metadata))
            {
                return false;
            }
        }

        return metadata.TryGetProperty("annotations"u8, out var annotations)
            && annotations.TryGetProperty(DigestAnnotation, out var digest)
            && digest.ValueEquals(Digest.ToString());
    }

    private static bool IsLeftOut(JsonProperty field) => field.NameEquals("status"u8) || field.NameEquals("apiVersion"u8) || field.NameEquals("kind"u8);

    private static bool IsServerSet(JsonProperty field) => ServerSet.Any(name => field.NameEquals(name));

    private static void WriteIfSet(Utf8JsonWriter writer, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            writer.WriteString(name, value);
        }
    }

    private static byte[] Serialized<T>(ResourceType<T> type, T desired)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (string.IsNullOrEmpty(desired.Metadata?.Name))
        {
            throw new ArgumentException($"A {type.Kind} without metadata.name cannot be applied; server-side apply needs the name.", nameof(desired));
        }

        var utf8 = JsonSerializer.SerializeToUtf8Bytes(desired, type.Json);
        return utf8 is [(byte)'{', ..] ? utf8 : throw new ArgumentException($"{typeof(T)} does not serialize to a JSON object.", nameof(desired));
    }

    private static void WriteObject(Utf8JsonWriter writer, string apiVersion, string kind, byte[] serialized, string? digest)
    {
        using var document = JsonDocument.Parse(serialized);
        writer.WriteStartObject();
        writer.WriteString("apiVersion"u8, apiVersion);
        writer.WriteString("kind"u8, kind);
        foreach (var field in document.RootElement.EnumerateObject())
        {
            if (field.NameEquals("metadata"u8))
            {
                writer.WriteStartObject("metadata"u8);
                WriteMetadata(writer, field.Value, digest);
                writer.WriteEndObject();
            }
            else if (!IsLeftOut(field))
            {
                field.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteMetadata(Utf8JsonWriter writer, JsonElement metadata, string? digest)
    {
        foreach (var field in metadata.EnumerateObject())
        {
            if (digest is not null && field.NameEquals("annotations"u8))
            {
                WriteAnnotations(writer, field.Value, digest);
                digest = null;
            }
            else if (!IsServerSet(field))
            {
                field.WriteTo(writer);
            }
        }

        if (digest is not null)
        {
            WriteAnnotations(writer, default, digest);
        }
    }

    private static void WriteAnnotations(Utf8JsonWriter writer, JsonElement others, string digest)
    {
        writer.WriteStartObject("annotations"u8);
        if (others.ValueKind == JsonValueKind.Object)
        {
            foreach (var annotation in others.EnumerateObject())
            {
                annotation.WriteTo(writer);
            }
        }

        writer.WriteString(DigestAnnotation, digest);
        writer.WriteEndObject();
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(4 * 1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }
}
