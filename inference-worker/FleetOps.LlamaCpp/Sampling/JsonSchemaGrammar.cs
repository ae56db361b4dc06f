using System.Text.Json;
using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Sampling;

/// <summary>Grammars from JSON schemas, by llama.cpp's own translation.</summary>
public static unsafe class JsonSchemaGrammar
{
    /// <summary>The GBNF grammar of the JSON texts that a schema allows. May be called from any thread.</summary>
    /// <param name="runtime">The loaded llama.cpp.</param>
    /// <param name="schema">A JSON schema.</param>
    /// <exception cref="LlamaException">The schema is no JSON, or uses what cannot be expressed (<see cref="LlamaFault.InvalidGrammar"/>).</exception>
    public static string FromSchema(LlamaRuntime runtime, string schema)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(schema);
        CheckDepth(schema);
        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        var grammar = ShimNative.fleetops_schema_to_grammar(schema, error, ShimText.ErrorSize);
        return grammar != 0
            ? ShimText.Owned(grammar)
            : throw new LlamaException(LlamaFault.InvalidGrammar, $"The JSON schema cannot be turned into a grammar: {ShimText.Error(error)}");
    }

    // llama.cpp follows a schema by recursion; JsonDocument's own limit of 64 levels keeps that off the end of the stack.
    private static void CheckDepth(string schema)
    {
        try
        {
            JsonDocument.Parse(schema).Dispose();
        }
        catch (JsonException e)
        {
            throw new LlamaException(LlamaFault.InvalidGrammar, $"The JSON schema is not JSON, or nested too deeply: {e.Message}", e);
        }
    }
}
