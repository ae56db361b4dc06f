using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Serialization;

namespace FleetOps.CrdGenerator;

/// <summary>Writes JSON as block-style YAML with line feeds, quoted where YAML 1.1 readers would see a boolean or a number.</summary>
internal static class Yaml
{
    public static string Write(JsonNode node) =>
        new SerializerBuilder()
            .WithQuotingNecessaryStrings(quoteYaml1_1Strings: true)
            .WithNewLine("\n")
            .Build()
            .Serialize(Plain(node)!);

    private static object? Plain(JsonNode? node) => node switch
    {
        JsonObject o => o.ToDictionary(p => p.Key, p => Plain(p.Value), StringComparer.Ordinal),
        JsonArray a => a.Select(Plain).ToList(),
        JsonValue v => v.GetValueKind() switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number => long.Parse(v.ToJsonString(), CultureInfo.InvariantCulture),
            _ => v.GetValue<string>(),
        },
        _ => null,
    };
}
