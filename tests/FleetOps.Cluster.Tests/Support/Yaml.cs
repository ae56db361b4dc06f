using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace FleetOps.Cluster.Tests.Support;

/// <summary>YAML as JSON.</summary>
internal static class Yaml
{
    private static readonly IDeserializer Reader = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build();
    private static readonly ISerializer Writer = new SerializerBuilder().JsonCompatible().Build();

    /// <summary>Each document of a text, without the empty ones.</summary>
    public static IReadOnlyList<JsonNode> Read(string text)
    {
        var documents = new List<JsonNode>();
        var parser = new Parser(new StringReader(text));
        parser.Consume<StreamStart>();
        while (parser.Accept<DocumentStart>(out _))
        {
            if (Reader.Deserialize(parser) is { } document)
            {
                documents.Add(JsonNode.Parse(Writer.Serialize(document))!);
            }
        }

        return documents;
    }
}
