using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using k8s.Models;

namespace FleetOps.ControllerRuntime;

/// <summary>Reads an object of any kind in one pass and keeps what <see cref="ObservedObject"/> holds.</summary>
internal sealed class ObservedObjectConverter : JsonConverter<ObservedObject>
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _contentBuffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _contentWriter;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _statusBuffer;

    [ThreadStatic]
    private static Utf8JsonWriter? _statusWriter;

    public override ObservedObject Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("The value is not an object.");
        }

        V1ObjectMeta? metadata = null;
        byte[]? status = null;
        var content = Begin(ref _contentBuffer, ref _contentWriter);
        content.WriteStartObject();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("metadata"u8))
            {
                reader.Read();
                metadata = ReadMetadata(ref reader, content);
            }
            else if (reader.ValueTextEquals("status"u8))
            {
                reader.Read();
                status = ReadStatus(ref reader);
            }
            else if (reader.ValueTextEquals("apiVersion"u8) || reader.ValueTextEquals("kind"u8))
            {
                reader.Skip();
            }
            else
            {
                CopyProperty(ref reader, content);
            }
        }

        content.WriteEndObject();
        return metadata is null ? throw new JsonException("The object has no metadata.") : new ObservedObject(metadata, End(_contentBuffer!, content), status);
    }

    public override void Write(Utf8JsonWriter writer, ObservedObject value, JsonSerializerOptions options) =>
        throw new NotSupportedException("An observed object is not whole and must not be written back; apply what is desired instead.");

    private static V1ObjectMeta ReadMetadata(ref Utf8JsonReader reader, Utf8JsonWriter content)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("The object's metadata is not an object.");
        }

        var metadata = new V1ObjectMeta();
        content.WriteStartObject("metadata"u8);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8))
            {
                metadata.Name = Text(ref reader);
            }
            else if (reader.ValueTextEquals("namespace"u8))
            {
                metadata.NamespaceProperty = Shared(ref reader);
            }
            else if (reader.ValueTextEquals("uid"u8))
            {
                metadata.Uid = Text(ref reader);
            }
            else if (reader.ValueTextEquals("resourceVersion"u8))
            {
                metadata.ResourceVersion = Text(ref reader);
            }
            else if (reader.ValueTextEquals("generation"u8))
            {
                reader.Read();
                metadata.Generation = reader.TokenType == JsonTokenType.Null ? null : reader.GetInt64();
            }
            else if (reader.ValueTextEquals("deletionTimestamp"u8))
            {
                reader.Read();
                metadata.DeletionTimestamp = reader.TokenType == JsonTokenType.Null ? null : reader.GetDateTime();
            }
            else if (reader.ValueTextEquals("ownerReferences"u8))
            {
                var ahead = reader;
                metadata.OwnerReferences = ReadOwners(ref ahead);
                CopyProperty(ref reader, content);
            }
            else if (reader.ValueTextEquals("labels"u8) || reader.ValueTextEquals("annotations"u8) || reader.ValueTextEquals("finalizers"u8))
            {
                CopyProperty(ref reader, content);
            }
            else
            {
                reader.Skip();
            }
        }

        content.WriteEndObject();
        return metadata;
    }

    private static List<V1OwnerReference>? ReadOwners(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }

        var owners = new List<V1OwnerReference>(1);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            owners.Add(ReadOwner(ref reader));
        }

        return owners;
    }

    private static V1OwnerReference ReadOwner(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("An owner of the object is not an object.");
        }

        var owner = new V1OwnerReference();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("apiVersion"u8))
            {
                owner.ApiVersion = Shared(ref reader);
            }
            else if (reader.ValueTextEquals("kind"u8))
            {
                owner.Kind = Shared(ref reader);
            }
            else if (reader.ValueTextEquals("name"u8))
            {
                owner.Name = Shared(ref reader);
            }
            else if (reader.ValueTextEquals("uid"u8))
            {
                owner.Uid = Shared(ref reader);
            }
            else if (reader.ValueTextEquals("controller"u8))
            {
                reader.Read();
                owner.Controller = reader.TokenType == JsonTokenType.True ? true : null;
            }
            else
            {
                reader.Skip();
            }
        }

        return owner;
    }

    private static byte[]? ReadStatus(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        var ahead = reader;
        ahead.Read();
        if (ahead.TokenType == JsonTokenType.EndObject)
        {
            reader = ahead;
            return null;
        }

        var status = Begin(ref _statusBuffer, ref _statusWriter);
        CopyValue(ref reader, status);
        return End(_statusBuffer!, status);
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetString();
    }

    // The children of one object all name it, and a cluster has few namespaces.
    private static string? Shared(ref Utf8JsonReader reader) => SharedStrings.Of(Text(ref reader));

    private static void CopyProperty(ref Utf8JsonReader reader, Utf8JsonWriter writer)
    {
        CopyName(ref reader, writer);
        reader.Read();
        CopyValue(ref reader, writer);
    }

    private static void CopyValue(ref Utf8JsonReader reader, Utf8JsonWriter writer)
    {
        var depth = reader.CurrentDepth;
        do
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    writer.WriteStartObject();
                    break;
                case JsonTokenType.EndObject:
                    writer.WriteEndObject();
                    break;
                case JsonTokenType.StartArray:
                    writer.WriteStartArray();
                    break;
                case JsonTokenType.EndArray:
                    writer.WriteEndArray();
                    break;
                case JsonTokenType.PropertyName:
                    CopyName(ref reader, writer);
                    break;
                case JsonTokenType.String when reader.ValueIsEscaped || reader.HasValueSequence:
                    writer.WriteStringValue(reader.GetString());
                    break;
                case JsonTokenType.String:
                    writer.WriteStringValue(reader.ValueSpan);
                    break;
                case JsonTokenType.Number:
                    writer.WriteRawValue(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan, skipInputValidation: true);
                    break;
                case JsonTokenType.True or JsonTokenType.False:
                    writer.WriteBooleanValue(reader.TokenType == JsonTokenType.True);
                    break;
                default:
                    writer.WriteNullValue();
                    break;
            }
        }
        while ((reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray || reader.CurrentDepth > depth) && reader.Read());
    }

    private static void CopyName(ref Utf8JsonReader reader, Utf8JsonWriter writer)
    {
        if (reader.ValueIsEscaped || reader.HasValueSequence)
        {
            writer.WritePropertyName(reader.GetString()!);
        }
        else
        {
            writer.WritePropertyName(reader.ValueSpan);
        }
    }

    private static Utf8JsonWriter Begin(ref ArrayBufferWriter<byte>? buffer, ref Utf8JsonWriter? writer)
    {
        buffer ??= new ArrayBufferWriter<byte>(8 * 1024);
        buffer.ResetWrittenCount();
        // What is copied was valid, and never stands in a page of HTML.
        writer ??= new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.Reset(buffer);
        return writer;
    }

    private static byte[] End(ArrayBufferWriter<byte> buffer, Utf8JsonWriter writer)
    {
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
