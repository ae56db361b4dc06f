using System.Text;
using System.Text.Json;
using FleetOps.LlamaCpp.Native;
using FleetOps.LlamaCpp.Sampling.Patterns;

namespace FleetOps.LlamaCpp.Sampling;

/// <summary>Grammars from JSON schemas, by llama.cpp's own translation.</summary>
public static unsafe class JsonSchemaGrammar
{
    private const int MaxBytes = 64 * 1024;
    private const int MaxProperties = 256;
    private const int MaxLookedAt = 200;
    private const int MaxReason = 300;

    private static readonly string[] Tables = ["properties", "patternProperties", "$defs", "definitions", "anyOf", "oneOf", "allOf", "prefixItems"];
    private static readonly string[] Parts = ["items", "additionalProperties", "not", "contains"];

    /// <summary>The GBNF grammar of the JSON texts that a schema allows. May be called from any thread, after <see cref="LlamaRuntime.Load"/>.</summary>
    /// <param name="schema">A JSON schema: at most 64 KiB, 64 levels deep, and 256 properties in one object. Its patterns are those of <see cref="RegexGrammar"/>.</param>
    /// <exception cref="LlamaException">
    /// The schema is no JSON, too large, or uses what cannot be expressed (<see cref="LlamaFault.InvalidGrammar"/>); the message holds the place
    /// as a JSON pointer.
    /// </exception>
    public static string FromSchema(string schema)
    {
        using var document = Checked(schema);
        var patterns = SchemaPatterns.TakeFrom(document.RootElement);
        if (TryConvert(patterns.Schema, out var result))
        {
            return patterns.PutInto(result);
        }

        var lookedAt = 0;
        using var without = JsonDocument.Parse(patterns.Schema);
        var (place, reason) = Narrow(without.RootElement, without.RootElement, "#", result, ref lookedAt);
        throw new LlamaException(LlamaFault.InvalidGrammar, $"The JSON schema cannot be turned into a grammar: at {place}, {Brief(reason)}");
    }

    /// <summary>Whether a schema is JSON and within the bounds of <see cref="FromSchema"/>. Much faster than a translation.</summary>
    /// <exception cref="LlamaException">It is not (<see cref="LlamaFault.InvalidGrammar"/>); the message holds the place.</exception>
    public static void Check(string schema) => Checked(schema).Dispose();

    internal static SchemaPatterns PatternsOf(string schema)
    {
        using var document = Checked(schema);
        return SchemaPatterns.TakeFrom(document.RootElement);
    }

    private static JsonDocument Checked(string schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        var document = Parse(schema);
        try
        {
            CheckSizes(document.RootElement, "#");
            return document;
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    private static JsonDocument Parse(string schema)
    {
        if (Encoding.UTF8.GetByteCount(schema) is var bytes and > MaxBytes)
        {
            throw new LlamaException(LlamaFault.InvalidGrammar, $"The JSON schema has {bytes} bytes; at most {MaxBytes} are taken.");
        }

        try
        {
            // llama.cpp follows a schema by recursion; JsonDocument's own limit of 64 levels keeps that off the end of the stack.
            return JsonDocument.Parse(schema);
        }
        catch (JsonException e)
        {
            throw new LlamaException(LlamaFault.InvalidGrammar, $"The JSON schema is not JSON, or nested too deeply: {e.Message}", e);
        }
    }

    // The time that llama.cpp takes for optional properties grows with the third power of their number.
    private static void CheckSizes(JsonElement element, string place)
    {
        foreach (var (child, step) in Children(element))
        {
            if (child.ValueKind == JsonValueKind.Object && child.GetPropertyCount() > MaxProperties)
            {
                throw new LlamaException(LlamaFault.InvalidGrammar, $"The JSON schema cannot be turned into a grammar: at {place}/{step}, there are {child.GetPropertyCount()} entries; at most {MaxProperties} are taken.");
            }

            CheckSizes(child, $"{place}/{step}");
        }
    }

    private static bool TryConvert(string schema, out string result)
    {
        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        var grammar = ShimNative.fleetops_schema_to_grammar(schema, error, ShimText.ErrorSize);
        result = grammar != 0 ? ShimText.Owned(grammar) : ShimText.Error(error);
        return grammar != 0;
    }

    // llama.cpp names no place. The innermost part that cannot be translated by itself either is the one to tell of.
    private static (string Place, string Reason) Narrow(JsonElement root, JsonElement element, string place, string reason, ref int lookedAt, bool isTable = false)
    {
        foreach (var (child, step) in Children(element))
        {
            var childPlace = $"{place}/{step}";
            if (!isTable && (Tables.Contains(step) || child.ValueKind == JsonValueKind.Array))
            {
                var (found, foundReason) = Narrow(root, child, childPlace, "", ref lookedAt, isTable: Tables.Contains(step));
                if (foundReason.Length > 0)
                {
                    return (found, foundReason);
                }
            }
            else if ((isTable || Parts.Contains(step)) && child.ValueKind == JsonValueKind.Object
                && lookedAt++ < MaxLookedAt && !TryConvert(WithDefinitions(root, child), out var childReason))
            {
                return Narrow(root, child, childPlace, childReason, ref lookedAt);
            }
        }

        return (place, reason);
    }

    private static string WithDefinitions(JsonElement root, JsonElement schema)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var property in schema.EnumerateObject())
            {
                writer.WritePropertyName(property.Name);
                writer.WriteRawValue(property.Value.GetRawText(), skipInputValidation: true);
            }

            foreach (var name in new[] { "$defs", "definitions" })
            {
                if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var definitions) && !schema.TryGetProperty(name, out _))
                {
                    writer.WritePropertyName(name);
                    writer.WriteRawValue(definitions.GetRawText(), skipInputValidation: true);
                }
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static IEnumerable<(JsonElement Child, string Step)> Children(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().Select(static property => (property.Value, property.Name)),
        JsonValueKind.Array => element.EnumerateArray().Select(static (item, i) => (item, i.ToString(System.Globalization.CultureInfo.InvariantCulture))),
        _ => [],
    };

    private static string Brief(string reason)
    {
        var line = reason[(reason.LastIndexOf('\n') + 1)..];
        return line.Length > MaxReason ? line[..MaxReason] + "…" : line;
    }
}
