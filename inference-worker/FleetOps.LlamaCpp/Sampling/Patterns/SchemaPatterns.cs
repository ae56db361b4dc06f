using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace FleetOps.LlamaCpp.Sampling.Patterns;

/// <summary>
/// The patterns of a JSON schema. llama.cpp takes any string where it cannot express a pattern, and forgets the quotes
/// inside of strings where it can; so it is given a fixed text in the place of each, which the grammar then replaces.
/// </summary>
internal sealed class SchemaPatterns
{
    private static readonly string[] Values = ["enum", "const", "default", "examples"];
    private static readonly string[] Tables = ["properties", "patternProperties", "$defs", "definitions"];

    private readonly string _mark = $"pattern{Guid.NewGuid():N}x";
    private readonly List<string> _grammars = [];

    private SchemaPatterns()
    {
    }

    /// <summary>The schema without its patterns.</summary>
    public string Schema { get; private set; } = "";

    /// <summary>Whether there were any.</summary>
    public bool Any => _grammars.Count > 0;

    /// <summary>Whether a text shows what stands for a pattern.</summary>
    public bool AreSeenIn(string text) => text.Contains(_mark, StringComparison.Ordinal);

    /// <summary>Takes the patterns out of a schema.</summary>
    /// <exception cref="LlamaException">A pattern cannot be expressed (<see cref="LlamaFault.InvalidGrammar"/>); the message holds its place.</exception>
    public static SchemaPatterns TakeFrom(JsonElement schema)
    {
        var patterns = new SchemaPatterns();
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            patterns.Copy(schema, "#", writer);
        }

        patterns.Schema = Encoding.UTF8.GetString(buffer.WrittenSpan);
        return patterns;
    }

    /// <summary>Puts the patterns into the grammar of the schema without them.</summary>
    public string PutInto(string grammar)
    {
        for (var i = 0; i < _grammars.Count; i++)
        {
            grammar = grammar.Replace($"\"\\\"{Mark(i)}\\\"\"", _grammars[i], StringComparison.Ordinal);
        }

        return grammar;
    }

    private string Mark(int index) => $"{_mark}{index.ToString(CultureInfo.InvariantCulture)}x";

    private void Copy(JsonElement element, string place, Utf8JsonWriter writer, bool isTable = false)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object when !isTable && element.TryGetProperty("pattern", out var pattern) && pattern.ValueKind == JsonValueKind.String:
                CopyString(element, Text(pattern, place), place, writer);
                break;
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in element.EnumerateObject())
                {
                    writer.WritePropertyName(property.Name);
                    if (!isTable && Values.Contains(property.Name))
                    {
                        writer.WriteRawValue(property.Value.GetRawText(), skipInputValidation: true);
                    }
                    else
                    {
                        Copy(property.Value, $"{place}/{property.Name}", writer, isTable: !isTable && Tables.Contains(property.Name));
                    }
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                var index = 0;
                foreach (var item in element.EnumerateArray())
                {
                    Copy(item, $"{place}/{index++}", writer);
                }

                writer.WriteEndArray();
                break;
            default:
                writer.WriteRawValue(element.GetRawText(), skipInputValidation: true);
                break;
        }
    }

    // Beside a string the schema may allow other types.
    private void CopyString(JsonElement element, string pattern, string place, Utf8JsonWriter writer)
    {
        string[] others = element.TryGetProperty("type", out var type) switch
        {
            true when type.ValueKind == JsonValueKind.Array => [.. type.EnumerateArray().Where(static one => one.ValueKind == JsonValueKind.String).Select(static one => one.GetString()!).Where(static one => one != "string")],
            _ => [],
        };
        writer.WriteStartObject();
        writer.WriteStartArray("anyOf");
        writer.WriteStartObject();
        writer.WriteString("const", Mark(_grammars.Count));
        writer.WriteEndObject();
        foreach (var other in others)
        {
            writer.WriteStartObject();
            writer.WriteString("type", other);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        try
        {
            _grammars.Add(JsonStringPattern.ToGrammar(pattern));
        }
        catch (LlamaException exception)
        {
            throw new LlamaException(LlamaFault.InvalidGrammar, $"The JSON schema cannot be turned into a grammar: at {place}/pattern, {exception.Message}", exception);
        }
    }

    private static string Text(JsonElement pattern, string place)
    {
        try
        {
            return pattern.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new LlamaException(LlamaFault.InvalidGrammar, $"The JSON schema cannot be turned into a grammar: at {place}/pattern, the text is not UTF-16.", exception);
        }
    }
}
