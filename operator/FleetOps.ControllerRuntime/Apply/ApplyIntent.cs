using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
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

    private static readonly string[] ServerSetMetadata =
        ["creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

    private ApplyIntent(JsonObject document)
    {
        Document = document;
        Utf8Json = Serialize(document);
    }

    public JsonObject Document { get; }

    public byte[] Utf8Json { get; }

    /// <summary>The whole object without its status.</summary>
    public static ApplyIntent ForObject<T>(ResourceType<T> type, T desired, bool withDigest = false)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var document = DocumentOf(type, desired);
        document.Remove("status");
        var metadata = document["metadata"]!.AsObject();
        foreach (var field in ServerSetMetadata)
        {
            metadata.Remove(field);
        }

        if (withDigest)
        {
            var digest = Convert.ToHexStringLower(SHA256.HashData(Serialize(Sorted(document))).AsSpan(0, 16));
            if (metadata["annotations"] is JsonObject annotations)
            {
                annotations[DigestAnnotation] = digest;
            }
            else
            {
                metadata["annotations"] = new JsonObject { [DigestAnnotation] = digest };
            }
        }

        return new ApplyIntent(document);
    }

    /// <summary>The status alone, with just the metadata that says whose.</summary>
    public static ApplyIntent ForStatus<T>(ResourceType<T> type, T desired)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var document = DocumentOf(type, desired);
        var status = document["status"] ?? throw new ArgumentException($"{type.Kind} {ObjectKey.Of(desired)} has no status to apply; set it first.", nameof(desired));
        document.Remove("status");
        var metadata = new JsonObject { ["name"] = desired.Metadata.Name };
        if (!string.IsNullOrEmpty(desired.Metadata.NamespaceProperty))
        {
            metadata["namespace"] = desired.Metadata.NamespaceProperty;
        }

        if (!string.IsNullOrEmpty(desired.Metadata.Uid))
        {
            metadata["uid"] = desired.Metadata.Uid;
        }

        return new ApplyIntent(new JsonObject
        {
            ["apiVersion"] = type.ApiVersion,
            ["kind"] = type.Kind,
            ["metadata"] = metadata,
            ["status"] = status,
        });
    }

    private static JsonObject DocumentOf<T>(ResourceType<T> type, T desired)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (string.IsNullOrEmpty(desired.Metadata?.Name))
        {
            throw new ArgumentException($"A {type.Kind} without metadata.name cannot be applied; server-side apply needs the name.", nameof(desired));
        }

        if (JsonSerializer.SerializeToNode(desired, type.Json) is not JsonObject document)
        {
            throw new ArgumentException($"{typeof(T)} does not serialize to a JSON object.", nameof(desired));
        }

        document["apiVersion"] = type.ApiVersion;
        document["kind"] = type.Kind;
        return document;
    }

    // The order of labels or of a model's properties means nothing and may differ between runs and releases.
    private static JsonObject Sorted(JsonObject source)
    {
        var sorted = new JsonObject();
        foreach (var (name, value) in source.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            sorted[name] = Sorted(value);
        }

        return sorted;
    }

    private static JsonNode? Sorted(JsonNode? value) => value switch
    {
        JsonObject fields => Sorted(fields),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => value?.DeepClone(),
    };

    private static byte[] Serialize(JsonObject document)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            document.WriteTo(writer);
        }

        return buffer.ToArray();
    }
}
