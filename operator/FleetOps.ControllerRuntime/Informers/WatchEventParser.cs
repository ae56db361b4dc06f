using System.Buffers;
using System.Net;
using System.Text.Json;
using FleetOps.ControllerRuntime.Apply;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>Reads the lines of a watch in one pass. What cannot be read becomes an event that says so; only an ERROR line throws.</summary>
internal static class WatchEventParser
{
    /// <exception cref="KubeApiException">The line is an ERROR event.</exception>
    public static WatchEvent<T> Parse<T>(ReadOnlySequence<byte> line, ResourceType<T> type)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            return ParseWhole(line, type);
        }
        catch (Exception e) when (e is not KubeApiException)
        {
            // Converters of the models throw more than JsonException; whatever it is, one object must not stop the watch.
            return Salvage<T>(line, e);
        }
    }

    private static WatchEvent<T> ParseWhole<T>(ReadOnlySequence<byte> line, ResourceType<T> type)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var reader = new Utf8JsonReader(line);
        var kind = WatchEventKind.Unknown;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                kind = KindOf(ref reader);
            }
            else if (reader.ValueTextEquals("object"u8))
            {
                reader.Read();
                switch (kind)
                {
                    case WatchEventKind.Unknown:
                        throw new JsonException("The line has no known type before its object.");
                    case WatchEventKind.Error:
                        throw ErrorOf(JsonSerializer.Deserialize(ref reader, SourceGenerationContext.Default.V1Status), type.ToString());
                    case WatchEventKind.Bookmark:
                        return Bookmark<T>(JsonSerializer.Deserialize(ref reader, InformerJsonContext.Default.ObjectHeader));
                    default:
                        var entity = JsonSerializer.Deserialize(ref reader, type.Json);
                        return entity?.Metadata is { Name: not null } metadata
                            ? new WatchEvent<T>(kind, ObjectKey.Of(metadata), entity, metadata.ResourceVersion, false, null)
                            : throw new JsonException("The object has no metadata.name.");
                }
            }
            else
            {
                reader.Skip();
            }
        }

        throw new JsonException("The line has no object.");
    }

    /// <summary>Saves of a line what the watch needs to go on: what happened, to which object, and where the watch stands.</summary>
    private static WatchEvent<T> Salvage<T>(ReadOnlySequence<byte> line, Exception fault)
        where T : class
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var kind = document.RootElement.TryGetProperty("type", out var type) ? KindOf(type.GetString()) : WatchEventKind.Unknown;
            var header = document.RootElement.TryGetProperty("object", out var entity) ? entity.Deserialize(InformerJsonContext.Default.ObjectHeader) : null;
            return kind == WatchEventKind.Error
                ? throw ErrorOf(entity.Deserialize(SourceGenerationContext.Default.V1Status), typeof(T).Name)
                : new WatchEvent<T>(kind, header?.Key ?? default, null, header?.ResourceVersion, kind == WatchEventKind.Bookmark && header?.EndsInitialEvents == true, fault);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new WatchEvent<T>(WatchEventKind.Unknown, new ObjectKey("", ""), null, null, false, fault);
        }
    }

    private static WatchEvent<T> Bookmark<T>(ObjectHeader? header)
        where T : class =>
        new(WatchEventKind.Bookmark, new ObjectKey("", ""), null, header?.ResourceVersion, header?.EndsInitialEvents == true, null);

    private static KubeApiException ErrorOf(V1Status? status, string resource) =>
        new((HttpStatusCode)(status?.Code ?? 500), status?.Reason ?? "", status?.Message ?? "The watch ended with an error event.", $"WATCH {resource}") { Details = status?.Details };

    private static WatchEventKind KindOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("ADDED"u8) ? WatchEventKind.Added
        : reader.ValueTextEquals("MODIFIED"u8) ? WatchEventKind.Modified
        : reader.ValueTextEquals("DELETED"u8) ? WatchEventKind.Deleted
        : reader.ValueTextEquals("BOOKMARK"u8) ? WatchEventKind.Bookmark
        : reader.ValueTextEquals("ERROR"u8) ? WatchEventKind.Error
        : WatchEventKind.Unknown;

    private static WatchEventKind KindOf(string? text) => text switch
    {
        "ADDED" => WatchEventKind.Added,
        "MODIFIED" => WatchEventKind.Modified,
        "DELETED" => WatchEventKind.Deleted,
        "BOOKMARK" => WatchEventKind.Bookmark,
        "ERROR" => WatchEventKind.Error,
        _ => WatchEventKind.Unknown,
    };
}
