using System.Text.Json.Nodes;

namespace FleetOps.Benchmarks.Fleet;

/// <summary>
/// Makes of an object that a server holds the document that was applied to it: just the fields that the applier owns, without what the server
/// defaulted or set.
/// </summary>
internal static class StatedFields
{
    /// <param name="entity">The object with its managed fields.</param>
    /// <param name="apiVersion">Of the document; items of a list do not carry it.</param>
    /// <param name="kind">As <paramref name="apiVersion"/>.</param>
    /// <exception cref="InvalidOperationException">Nobody has applied the object.</exception>
    public static JsonObject Of(JsonNode entity, string apiVersion, string kind)
    {
        var metadata = entity["metadata"]!;
        var owned = metadata["managedFields"]!.AsArray().FirstOrDefault(entry => (string?)entry!["operation"] == "Apply")?["fieldsV1"]
            ?? throw new InvalidOperationException($"{kind} {metadata["namespace"]}/{metadata["name"]} was not made by server-side apply, so what was stated cannot be told.");
        var stated = (JsonObject)Pick(entity, owned.AsObject())!;
        var document = new JsonObject { ["apiVersion"] = apiVersion, ["kind"] = kind, ["metadata"] = new JsonObject() };
        document["metadata"]!["name"] = (string?)metadata["name"];
        document["metadata"]!["namespace"] = (string?)metadata["namespace"];
        foreach (var (name, value) in stated)
        {
            if (name != "metadata")
            {
                document[name] = value?.DeepClone();
                continue;
            }

            foreach (var (field, content) in value!.AsObject())
            {
                document["metadata"]![field] = content?.DeepClone();
            }
        }

        return document;
    }

    private static JsonNode? Pick(JsonNode? value, JsonObject owned)
    {
        if (owned.Count == 0 || value is not (JsonObject or JsonArray))
        {
            return value?.DeepClone();
        }

        if (value is JsonObject whole)
        {
            var part = new JsonObject();
            foreach (var (field, below) in owned)
            {
                if (field.StartsWith("f:", StringComparison.Ordinal) && whole.TryGetPropertyValue(field[2..], out var content))
                {
                    part[field[2..]] = Pick(content, below!.AsObject());
                }
            }

            return part;
        }

        var items = new JsonArray();
        foreach (var (item, below) in owned)
        {
            var found = item[..2] switch
            {
                "k:" => value.AsArray().FirstOrDefault(candidate => Matches(candidate!, JsonNode.Parse(item[2..])!.AsObject())),
                "v:" => JsonNode.Parse(item[2..]),
                _ => null,
            };
            if (found is not null)
            {
                items.Add(Pick(found, below!.AsObject()));
            }
        }

        return items;
    }

    private static bool Matches(JsonNode item, JsonObject key) => key.All(field => JsonNode.DeepEquals(item[field.Key], field.Value));
}
