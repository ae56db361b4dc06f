using System.Buffers;
using System.Text.Json;

namespace FleetOps.ControllerRuntime.Apply;

/// <summary>
/// Makes fields that this program set at creation count as applied ones, so that a later apply without them drops them
/// (https://kubernetes.io/docs/reference/using-api/server-side-apply/#migration-between-client-side-and-server-side-apply).
/// </summary>
internal sealed class FieldOwnership(KubeApi api)
{
    private const int Tries = 5;

    /// <summary>Joins what the manager owns by creation with what it owns by apply. Does nothing when it created nothing.</summary>
    /// <exception cref="KubeApiException">The server refused, or others kept changing the object.</exception>
    public async Task TakeOverCreatedFieldsAsync(ResourceType<ObservedObject> type, ObjectKey key, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var live = await api.SendBytesAsync(HttpMethod.Get, type.Path(key.Namespace, key.Name), null, cancellationToken).ConfigureAwait(false);
            if (Patch(live, api.Options.FieldManager) is not { } patch)
            {
                return;
            }

            try
            {
                await api.MergePatchAsync(type, key, patch, subresource: null, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (KubeApiException e) when (e.IsConflict && tries < Tries)
            {
                // Someone wrote in between; what they own must not be lost.
            }
        }
    }

    /// <summary>The merge patch that makes created fields applied ones; null when there are none.</summary>
    internal static byte[]? Patch(ReadOnlyMemory<byte> live, string manager)
    {
        using var document = JsonDocument.Parse(live);
        var metadata = document.RootElement.GetProperty("metadata"u8);
        if (!metadata.TryGetProperty("managedFields"u8, out var all))
        {
            return null;
        }

        var entries = all.EnumerateArray().ToList();
        var created = entries.FindIndex(entry => Is(entry, manager, "Update"));
        if (created < 0)
        {
            return null;
        }

        var version = Text(entries[created], "apiVersion"u8);
        var applied = entries.FindIndex(entry => Is(entry, manager, "Apply") && Text(entry, "apiVersion"u8) == version);
        var buffer = new ArrayBufferWriter<byte>(live.Length);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("metadata"u8);
            writer.WriteString("resourceVersion"u8, Text(metadata, "resourceVersion"u8));
            writer.WriteStartArray("managedFields"u8);
            for (var i = 0; i < entries.Count; i++)
            {
                if (i == created)
                {
                    WriteApplied(writer, entries[i], applied < 0 ? default : entries[applied].GetProperty("fieldsV1"u8));
                }
                else if (i != applied)
                {
                    entries[i].WriteTo(writer);
                }
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteApplied(Utf8JsonWriter writer, JsonElement entry, JsonElement others)
    {
        writer.WriteStartObject();
        foreach (var property in entry.EnumerateObject())
        {
            if (property.NameEquals("operation"u8))
            {
                writer.WriteString("operation"u8, "Apply"u8);
            }
            else if (property.NameEquals("fieldsV1"u8))
            {
                writer.WritePropertyName("fieldsV1"u8);
                WriteUnion(writer, property.Value, others);
            }
            else
            {
                property.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteUnion(Utf8JsonWriter writer, JsonElement one, JsonElement other)
    {
        if (other.ValueKind != JsonValueKind.Object)
        {
            one.WriteTo(writer);
            return;
        }

        writer.WriteStartObject();
        foreach (var field in one.EnumerateObject())
        {
            writer.WritePropertyName(field.Name);
            WriteUnion(writer, field.Value, other.TryGetProperty(field.Name, out var same) ? same : default);
        }

        foreach (var field in other.EnumerateObject().Where(field => !one.TryGetProperty(field.Name, out _)))
        {
            field.WriteTo(writer);
        }

        writer.WriteEndObject();
    }

    // Entries of subresources are about the status and were never part of an intent.
    private static bool Is(JsonElement entry, string manager, string operation) =>
        Text(entry, "manager"u8) == manager && Text(entry, "operation"u8) == operation && string.IsNullOrEmpty(Text(entry, "subresource"u8));

    private static string? Text(JsonElement element, ReadOnlySpan<byte> name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;
}
