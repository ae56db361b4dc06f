using FleetOps.LlamaCpp.Models;
using FleetOps.LlamaCpp.Native;

namespace FleetOps.LlamaCpp.Sampling;

/// <summary>
/// Puts a sampler together: stages in the order in which they are added, then <see cref="Greedy"/> or
/// <see cref="Distribution"/>, which chooses the token. llama.cpp's own server adds them as logit bias, penalties, top-k,
/// typical, top-p, min-p, temperature. A builder can be used for several samplers. For one thread at a time.
/// </summary>
public sealed unsafe class LlamaSamplerBuilder
{
    private readonly LlamaVocabulary _vocabulary;
    private readonly List<Func<nint>> _stages = [];
    private string? _grammar;
    private string _grammarRoot = "root";

    /// <summary>Begins a sampler for the tokens of a model.</summary>
    public LlamaSamplerBuilder(LlamaModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _vocabulary = model.Vocabulary;
    }

    /// <summary>Adds to the logits of tokens.</summary>
    /// <param name="biases">Tokens and what is added to each; not NaN.</param>
    public LlamaSamplerBuilder AddLogitBias(IEnumerable<LogitBias> biases)
    {
        ArgumentNullException.ThrowIfNull(biases);
        var native = biases.Select(bias =>
        {
            _vocabulary.CheckToken(bias.Token, nameof(biases));
            return float.IsNaN(bias.Bias)
                ? throw new ArgumentOutOfRangeException(nameof(biases), bias.Bias, $"The bias of token {bias.Token} is not a number.")
                : new LlamaLogitBias { Token = bias.Token, Bias = bias.Bias };
        }).ToArray();
        _stages.Add(() =>
        {
            fixed (LlamaLogitBias* first = native)
            {
                return LlamaNative.llama_sampler_init_logit_bias(_vocabulary.Count, native.Length, first);
            }
        });
        return this;
    }

    /// <summary>Makes tokens less likely that came before.</summary>
    /// <param name="lastTokens">How many of the last tokens count; 0 turns the penalties off.</param>
    /// <param name="repeat">Divides the logits of tokens that came before; above 0, and 1 changes nothing.</param>
    /// <param name="frequency">Subtracted for each time that a token came before; 0 changes nothing.</param>
    /// <param name="presence">Subtracted once if a token came before; 0 changes nothing.</param>
    public LlamaSamplerBuilder AddPenalties(int lastTokens, float repeat = 1, float frequency = 0, float presence = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lastTokens);
        CheckFinite(repeat, nameof(repeat));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(repeat);
        CheckFinite(frequency, nameof(frequency));
        CheckFinite(presence, nameof(presence));
        return Add(() => LlamaNative.llama_sampler_init_penalties(_vocabulary.Count, lastTokens, repeat, frequency, presence));
    }

    /// <summary>Keeps the <paramref name="k"/> most likely tokens; 0 keeps all.</summary>
    public LlamaSamplerBuilder AddTopK(int k)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(k);
        return Add(() => LlamaNative.llama_sampler_init_top_k(k));
    }

    /// <summary>Keeps the most likely tokens whose probabilities sum up to <paramref name="p"/>, 0 to 1; 1 keeps all.</summary>
    public LlamaSamplerBuilder AddTopP(float p)
    {
        CheckProbability(p);
        return Add(() => LlamaNative.llama_sampler_init_top_p(p, minKeep: 1));
    }

    /// <summary>Keeps tokens that are at least <paramref name="p"/> times as likely as the most likely one, 0 to 1; 0 keeps all.</summary>
    public LlamaSamplerBuilder AddMinP(float p)
    {
        CheckProbability(p);
        return Add(() => LlamaNative.llama_sampler_init_min_p(p, minKeep: 1));
    }

    /// <summary>Keeps tokens of typical information content that sum up to <paramref name="p"/>, 0 to 1; 1 keeps all.</summary>
    public LlamaSamplerBuilder AddTypical(float p)
    {
        CheckProbability(p);
        return Add(() => LlamaNative.llama_sampler_init_typical(p, minKeep: 1));
    }

    /// <summary>Divides the logits; below 1 sharpens, above 1 flattens, 0 keeps only the most likely token.</summary>
    public LlamaSamplerBuilder AddTemperature(float temperature)
    {
        CheckFinite(temperature, nameof(temperature));
        ArgumentOutOfRangeException.ThrowIfNegative(temperature);
        return Add(() => LlamaNative.llama_sampler_init_temp(temperature));
    }

    /// <summary>Lets only tokens through that continue a text of a grammar. It applies to the answer, not to the prompt.</summary>
    /// <param name="grammar">A grammar in GBNF. It is compiled when the sampler is made.</param>
    /// <param name="root">The rule to start from.</param>
    public LlamaSamplerBuilder WithGrammar(string grammar, string root = "root")
    {
        ArgumentNullException.ThrowIfNull(grammar);
        ArgumentException.ThrowIfNullOrEmpty(root);
        _grammar = grammar;
        _grammarRoot = root;
        return this;
    }

    /// <summary>Makes a sampler that chooses the most likely token.</summary>
    /// <exception cref="LlamaException">The grammar cannot be compiled (<see cref="LlamaFault.InvalidGrammar"/>).</exception>
    public LlamaSampler Greedy() => Build(static () => LlamaNative.llama_sampler_init_greedy());

    /// <summary>Makes a sampler that draws a token by its probability. Equal seeds and logits give equal tokens.</summary>
    /// <param name="seed">Any value but <see cref="uint.MaxValue"/>, which is llama.cpp's sign for a random seed.</param>
    /// <exception cref="LlamaException">The grammar cannot be compiled (<see cref="LlamaFault.InvalidGrammar"/>).</exception>
    public LlamaSampler Distribution(uint seed) => Build(() => LlamaNative.llama_sampler_init_dist(seed));

    private LlamaSampler Build(Func<nint> choice)
    {
        var grammar = _grammar is null ? 0 : Compile(_grammar);
        var chain = LlamaNative.llama_sampler_chain_init(new LlamaSamplerChainParams { NoPerf = 1 });
        foreach (var stage in _stages)
        {
            LlamaNative.llama_sampler_chain_add(chain, stage());
        }

        LlamaNative.llama_sampler_chain_add(chain, choice());
        var sampler = ShimNative.fleetops_sampler_new(chain, grammar);
        GC.KeepAlive(_vocabulary.Model);
        return new LlamaSampler(new SamplerHandle(sampler, _vocabulary.Model), _vocabulary);
    }

    private nint Compile(string grammar)
    {
        // A zero character would end the text early in C and hide the rest of the grammar.
        if (grammar.Contains('\0', StringComparison.Ordinal))
        {
            throw new LlamaException(LlamaFault.InvalidGrammar, "The grammar contains a zero character.");
        }

        var error = stackalloc byte[ShimText.ErrorSize];
        error[0] = 0;
        var log = new List<(LlamaLogLevel, string)>();
        var message = (nint)error;
        var compiled = LlamaLog.Capture(log, () => ShimNative.fleetops_grammar_new(_vocabulary.Pointer, grammar, _grammarRoot, (byte*)message, ShimText.ErrorSize));
        return compiled != 0
            ? compiled
            : throw new LlamaException(LlamaFault.InvalidGrammar, $"The grammar cannot be compiled: {ShimText.Error(error)}");
    }

    private LlamaSamplerBuilder Add(Func<nint> stage)
    {
        _stages.Add(stage);
        return this;
    }

    private static void CheckProbability(float p)
    {
        CheckFinite(p, nameof(p));
        ArgumentOutOfRangeException.ThrowIfNegative(p);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(p, 1);
    }

    private static void CheckFinite(float value, string name)
    {
        if (!float.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be a finite number.");
        }
    }
}
