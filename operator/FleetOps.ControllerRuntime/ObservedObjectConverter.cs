using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using k8s.Models;

namespace FleetOps.ControllerRuntime;

/// <summary>Reads an object of any kind and keeps what <see cref="ObservedObject"/> holds.</summary>
internal sealed class ObservedObjectConverter : JsonConverter<ObservedObject>
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _buffer;

    public override ObservedObject Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        if (!root.TryGetProperty("metadata"u8, out var metadata) || metadata.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("The object has no metadata.");
        }

        var status = root.TryGetProperty("status"u8, out var told) && told.ValueKind == JsonValueKind.Object && told.EnumerateObject().Any() ? told : default;
        return new ObservedObject(
            MetadataOf(metadata),
            Bytes(writer => WriteContent(writer, root)),
            status.ValueKind == JsonValueKind.Object ? Bytes(status.WriteTo) : null);
    }

    public override void Write(Utf8JsonWriter writer, ObservedObject value, JsonSerializerOptions options) =>
        throw new NotSupportedException("An observed object is not whole and must not be written back; apply what is desired instead.");

    private static byte[] Bytes(Action<Utf8JsonWriter> write)
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(8 * 1024);
        buffer.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteContent(Utf8JsonWriter writer, JsonElement root)
    {
        writer.WriteStartObject();
        foreach (var field in root.EnumerateObject())
        {
            if (field.NameEquals("metadata"u8))
            {
                writer.WriteStartObject("metadata"u8);
                foreach (var part in field.Value.EnumerateObject())
                {
                    if (part.NameEquals("labels"u8) || part.NameEquals("annotations"u8) || part.NameEquals("ownerReferences"u8) || part.NameEquals("finalizers"u8))
                    {
                        part.WriteTo(writer);
                    }
                }

                writer.WriteEndObject();
            }
            else if (!field.NameEquals("status"u8) && !field.NameEquals("apiVersion"u8) && !field.NameEquals("kind"u8))
            {
                field.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
    }

    private static V1ObjectMeta MetadataOf(JsonElement metadata) => new()
    {
        Name = Text(metadata, "name"u8),
        NamespaceProperty = Shared(metadata, "namespace"u8),
        Uid = Text(metadata, "uid"u8),
        ResourceVersion = Text(metadata, "resourceVersion"u8),
        Generation = metadata.TryGetProperty("generation"u8, out var generation) ? generation.GetInt64() : null,
        DeletionTimestamp = metadata.TryGetProperty("deletionTimestamp"u8, out var deletion) ? deletion.GetDateTime() : null,
        OwnerReferences = metadata.TryGetProperty("ownerReferences"u8, out var owners) && owners.ValueKind == JsonValueKind.Array
            ? [.. owners.EnumerateArray().Select(OwnerOf)]
            : null,
    };

    private static V1OwnerReference OwnerOf(JsonElement owner) => new()
    {
        ApiVersion = Shared(owner, "apiVersion"u8),
        Kind = Shared(owner, "kind"u8),
        Name = Shared(owner, "name"u8),
        Uid = Shared(owner, "uid"u8),
        Controller = owner.TryGetProperty("controller"u8, out var controller) && controller.ValueKind == JsonValueKind.True ? true : null,
    };

    private static string? Text(JsonElement element, ReadOnlySpan<byte> name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;

    // The children of one object all name it, and a cluster has few namespaces.
    private static string? Shared(JsonElement element, ReadOnlySpan<byte> name) => SharedStrings.Of(Text(element, name));
}
