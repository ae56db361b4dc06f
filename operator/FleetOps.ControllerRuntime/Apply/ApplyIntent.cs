using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
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

    private static readonly HashSet<string> ServerSetMetadata = new(StringComparer.Ordinal)
    {
        "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid",
    };

    private ApplyIntent(byte[] utf8Json, IntentDigest digest)
    {
        Utf8Json = utf8Json;
        Digest = digest;
    }

    /// <summary>The document as it is sent.</summary>
    public byte[] Utf8Json { get; }

    /// <summary>Digest of the document without the annotation that holds it; default when none was asked for.</summary>
    public IntentDigest Digest { get; }

    /// <summary>The whole object without its status.</summary>
    public static ApplyIntent ForObject<T>(ResourceType<T> type, T desired, bool withDigest = false)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        using var document = DocumentOf(type, desired);
        var digest = withDigest ? DigestOf(type.ApiVersion, type.Kind, document.RootElement) : default;
        return new ApplyIntent(
            Write(writer => WriteObject(writer, type.ApiVersion, type.Kind, document.RootElement, withDigest ? digest.ToString() : null, isSorted: false)),
            digest);
    }

    /// <summary>The status alone, with just the metadata that says whose.</summary>
    public static ApplyIntent ForStatus<T>(ResourceType<T> type, T desired)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        using var document = DocumentOf(type, desired);
        if (!document.RootElement.TryGetProperty("status"u8, out var status))
        {
            throw new ArgumentException($"{type.Kind} {ObjectKey.Of(desired)} has no status to apply; set it first.", nameof(desired));
        }

        return new ApplyIntent(
            Write(writer =>
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
            }),
            default);
    }

    private static void WriteIfSet(Utf8JsonWriter writer, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            writer.WriteString(name, value);
        }
    }

    private static JsonDocument DocumentOf<T>(ResourceType<T> type, T desired)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (string.IsNullOrEmpty(desired.Metadata?.Name))
        {
            throw new ArgumentException($"A {type.Kind} without metadata.name cannot be applied; server-side apply needs the name.", nameof(desired));
        }

        var document = JsonSerializer.SerializeToDocument(desired, type.Json);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            document.Dispose();
            throw new ArgumentException($"{typeof(T)} does not serialize to a JSON object.", nameof(desired));
        }

        return document;
    }

    // The order of labels or of a model's properties means nothing and may differ between runs and releases.
    private static IntentDigest DigestOf(string apiVersion, string kind, JsonElement root)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Write(writer => WriteObject(writer, apiVersion, kind, root, digest: null, isSorted: true)), hash);
        return new IntentDigest(BinaryPrimitives.ReadUInt128BigEndian(hash), FieldPaths.Digest(root));
    }

    private static void WriteObject(Utf8JsonWriter writer, string apiVersion, string kind, JsonElement root, string? digest, bool isSorted)
    {
        writer.WriteStartObject();
        writer.WriteString("apiVersion"u8, apiVersion);
        writer.WriteString("kind"u8, kind);
        foreach (var field in Fields(root, isSorted))
        {
            if (field.NameEquals("metadata"u8))
            {
                writer.WriteStartObject("metadata"u8);
                WriteMetadata(writer, field.Value, digest, isSorted);
                writer.WriteEndObject();
            }
            else if (!field.NameEquals("status"u8) && !field.NameEquals("apiVersion"u8) && !field.NameEquals("kind"u8))
            {
                WriteField(writer, field, isSorted);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteMetadata(Utf8JsonWriter writer, JsonElement metadata, string? digest, bool isSorted)
    {
        foreach (var field in Fields(metadata, isSorted))
        {
            if (digest is not null && field.NameEquals("annotations"u8))
            {
                writer.WriteStartObject("annotations"u8);
                foreach (var annotation in field.Value.EnumerateObject())
                {
                    annotation.WriteTo(writer);
                }

                writer.WriteString(DigestAnnotation, digest);
                writer.WriteEndObject();
                digest = null;
            }
            else if (!ServerSetMetadata.Contains(field.Name))
            {
                WriteField(writer, field, isSorted);
            }
        }

        if (digest is not null)
        {
            writer.WriteStartObject("annotations"u8);
            writer.WriteString(DigestAnnotation, digest);
            writer.WriteEndObject();
        }
    }

    private static void WriteField(Utf8JsonWriter writer, JsonProperty field, bool isSorted)
    {
        if (isSorted)
        {
            writer.WritePropertyName(field.Name);
            WriteSorted(writer, field.Value);
        }
        else
        {
            field.WriteTo(writer);
        }
    }

    private static void WriteSorted(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var field in Fields(value, isSorted: true))
                {
                    writer.WritePropertyName(field.Name);
                    WriteSorted(writer, field.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    WriteSorted(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private static IEnumerable<JsonProperty> Fields(JsonElement element, bool isSorted) =>
        isSorted ? element.EnumerateObject().OrderBy(field => field.Name, StringComparer.Ordinal) : element.EnumerateObject();

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
