using FleetOps.LlamaCpp.Chat;
using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Sampling;

/// <summary>
/// A compiled grammar. Each sampler that is made with it begins with a copy, so that one serves many. It does not change
/// and may be used from any thread.
/// </summary>
public sealed unsafe class LlamaGrammar : IDisposable
{
    private readonly GrammarHandle _handle;

    /// <summary>Compiles a grammar that holds from the first token of the answer on.</summary>
    /// <param name="model">The model whose tokens are chosen.</param>
    /// <param name="grammar">A grammar in GBNF.</param>
    /// <param name="root">The rule to start from.</param>
    /// <exception cref="LlamaException">The grammar cannot be compiled (<see cref="LlamaFault.InvalidGrammar"/>).</exception>
    public LlamaGrammar(LlamaModel model, string grammar, string root = "root")
        : this(Vocabulary(model), grammar, root, "{}")
    {
    }

    /// <summary>Compiles the grammar that came with a prompt, from tools or a schema: where the template says so it waits for a trigger and lets the model reason first.</summary>
    /// <exception cref="ArgumentException">The prompt has no grammar.</exception>
    /// <inheritdoc cref="LlamaGrammar(LlamaModel, string, string)" />
    public LlamaGrammar(LlamaModel model, ChatPrompt prompt)
        : this(Vocabulary(model), Grammar(prompt), "root", prompt.GrammarOptionsJson)
    {
    }

    internal LlamaGrammar(LlamaVocabulary vocabulary, string grammar, string root, string options)
    {
        ArgumentNullException.ThrowIfNull(grammar);
        ArgumentException.ThrowIfNullOrEmpty(root);
        // A zero character would end the text early in C and hide the rest of the grammar.
        if (grammar.Contains('\0', StringComparison.Ordinal))
        {
            throw new LlamaException(LlamaFault.InvalidGrammar, "The grammar contains a zero character.");
        }

        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        var log = new List<(LlamaLogLevel, string)>();
        var message = (nint)error;
        var compiled = LlamaLog.Capture(log, () => ShimNative.fleetops_grammar_new(vocabulary.Pointer, grammar, root, options, (byte*)message, ShimText.ErrorSize));
        if (compiled == 0)
        {
            throw new LlamaException(LlamaFault.InvalidGrammar, $"The grammar cannot be compiled: {ShimText.Error(error)}");
        }

        _handle = new GrammarHandle(compiled, vocabulary.Model);
        ForVocabulary = vocabulary;
    }

    internal LlamaVocabulary ForVocabulary { get; }

    internal GrammarHandle Handle => _handle;

    /// <summary>Frees it; samplers that were made with it go on.</summary>
    public void Dispose() => _handle.Dispose();

    private static LlamaVocabulary Vocabulary(LlamaModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Vocabulary;
    }

    private static string Grammar(ChatPrompt prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return prompt.Grammar.Length > 0 ? prompt.Grammar : throw new ArgumentException("The prompt has no grammar.", nameof(prompt));
    }
}
